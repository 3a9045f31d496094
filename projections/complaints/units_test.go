package complaints

import "testing"

func TestUnitsOfBothSides(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][2]Unit{
		"received": {UnitCases, UnitCases}, "persons": {UnitPersons, UnitCases}, "claimed": {UnitFen, UnitCases}, "verified": {UnitFen, UnitFen},
		"recovered": {UnitFen, UnitFen}, "recovery": {UnitFen, UnitFen}, "satisfaction": {UnitPersons, UnitPersons}, "on_time": {UnitCases, UnitCases},
	} {
		in, err := IndicatorOf(code)
		if err != nil {
			t.Fatal(err)
		}
		if num, den := in.Units(); num != want[0] || den != want[1] {
			t.Errorf("%s counts %s by %s, want %s by %s", code, num, den, want[0], want[1])
		}
	}
}
