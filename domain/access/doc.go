// Package access keeps who looked at what (查阅留痕): screens that were opened,
// personal fields that were shown in the clear, exports, prints and searches.
// Sign-ins belong to the user.
//
// A stream is what one user did on one civil day, so that streams stay short and
// nobody waits for anybody else:
//
//	ev.access.<id of user and day>:  RecordViewed …  Searched  SensitiveRevealed  Exported  Printed
//
// What was looked at is named by family and id, and with it the read model and
// the position at which the screen showed it, so that what an official saw can be
// shown again. Who looked is the actor of the event. Nothing personal stands in
// the clear: what was searched for and why something was shown are sealed under
// the stream's own key, which can be destroyed for a day of a user alone.
//
// Plain views, searches and prints are noted after the fact, many at once. What
// leaves the system in the clear, a field or a file, is decided and stored first:
// Reveal and Export. Limits bounds how much one user may reveal.
package access
