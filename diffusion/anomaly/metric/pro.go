package metric

// aupro is the area under the curve of per-region overlap up to a share of normal pixels, over this share.
func (c curve) aupro(regions int, limit float64) float64 {
	area, x, y := 0.0, 0.0, 0.0
	for p := range c.points {
		nextX, nextY := float64(p.normal)/float64(c.normal), min(p.regions/float64(regions), 1)
		if nextX > limit {
			nextX, nextY = limit, y+(nextY-y)*(limit-x)/(nextX-x)
		}
		area += (nextX - x) * (y + nextY) / 2
		if x, y = nextX, nextY; x == limit {
			break
		}
	}
	return area / limit
}
