package web

import (
	"hearth/adapters/web/chart"
	"hearth/domain/orgunit"
)

// countyPlaces is about where the counties of Jincheng lie, column and row.
var countyPlaces = map[string][2]int{
	"jc-gp": {1, 0}, "jc-lc": {2, 0},
	"jc-qs": {0, 1}, "jc-cq": {1, 1}, "jc-kf": {2, 1},
	"jc-yc": {0, 2}, "jc-zz": {1, 2}, orgunit.Own("jc"): {2, 2},
}

// mapWidth is how many tiles stand in a row.
const mapWidth = 3

// CountyMap draws one value for each line as a tile map: counties about where they
// lie, other units in rows below them. The second result of value leads to the
// rows behind it.
func CountyMap(s chart.Spec, lines []orgunit.Line, value func(line string) (int64, string)) chart.Figure {
	below := 0 // the first row that is free for units without a place
	for _, l := range lines {
		if at, ok := countyPlaces[l.Code]; ok {
			below = max(below, at[1]+1)
		}
	}
	var tiles []chart.Tile
	others := 0
	for _, l := range lines {
		v, href := value(l.Code)
		at, ok := countyPlaces[l.Code]
		if !ok {
			at = [2]int{others % mapWidth, below + others/mapWidth}
			others++
		}
		tiles = append(tiles, chart.Tile{Point: chart.Point{Label: l.Short, Value: v, Href: href}, Col: at[0], Row: at[1]})
	}
	return chart.Tiles(s, tiles)
}
