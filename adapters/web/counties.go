package web

import (
	"hearth/adapters/web/chart"
	"hearth/domain/orgunit"
)

// countyPlaces is about where the counties of Jincheng lie, column and row.
var countyPlaces = map[string][2]int{
	"jc-gp": {1, 0}, "jc-lc": {2, 0},
	"jc-qs": {0, 1}, "jc-cq": {1, 1}, "jc-kf": {2, 1},
	"jc-yc": {0, 2}, "jc-zz": {1, 2}, "jc": {2, 2},
}

// CountyMap draws one value for each unit of the city as a tile map. The second
// result of value leads to the rows behind it.
func CountyMap(s chart.Spec, value func(unit string) (int64, string)) chart.Figure {
	var tiles []chart.Tile
	for _, u := range orgunit.Jincheng() {
		v, href := value(u.Code)
		at := countyPlaces[u.Code]
		tiles = append(tiles, chart.Tile{Point: chart.Point{Label: u.Short, Value: v, Href: href}, Col: at[0], Row: at[1]})
	}
	return chart.Tiles(s, tiles)
}
