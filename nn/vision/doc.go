// Package vision has networks that were trained on ImageNet, for what their layers see in a picture.
package vision
