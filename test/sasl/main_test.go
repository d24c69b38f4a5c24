package sasl

import (
	"testing"

	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }
