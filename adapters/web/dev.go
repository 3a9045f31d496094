package web

func (s *Shell) partsPage(q *Request) error {
	return q.Render("shell/parts", &partsPage{Page: q.Page("页面部件")})
}

type partsPage struct{ Page }
