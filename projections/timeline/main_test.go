package timeline_test

import (
	"testing"

	"hearth/adapters/localpg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
