package witness

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrDamaged says that the folder of the witness is not as it was left.
var ErrDamaged = errors.New("witness: the folder is damaged")

// Kind is what a line of the register records.
type Kind string

// The kinds of lines. The first line is of KindWitness, and no other is.
const (
	KindWitness  Kind = "witness"  // the witness began; Text is its key and its name
	KindTrusted  Kind = "trusted"  // a key of the log is trusted; Text is the key
	KindCosigned Kind = "cosigned" // a checkpoint is held
	KindAlarm    Kind = "alarm"    // a contradiction was handed over; Text is its folder
)

// Line is one line of the register.
type Line struct {
	Kind Kind
	At   time.Time // whole seconds
	Size int64     // of KindCosigned and KindAlarm, as is Root
	Root tlog.Hash
	Text string
	// Sum is the SHA-256 of the sum before and of this line: it stands for the
	// register up to here, so that nobody who wrote it down is told another story.
	Sum [sha256.Size]byte
}

// after gives the line its place behind another one.
func (l Line) after(sum [sha256.Size]byte) Line {
	l.Sum = sha256.Sum256(fmt.Appendf(nil, "%x %s", sum, l.content()))
	return l
}

func (l Line) content() string {
	begin := string(l.Kind) + " " + l.At.UTC().Format(time.RFC3339)
	switch l.Kind {
	case KindCosigned, KindAlarm:
		begin += fmt.Sprintf(" %d %s", l.Size, base64.StdEncoding.EncodeToString(l.Root[:]))
	case KindWitness, KindTrusted:
	}
	if l.Text != "" {
		begin += " " + l.Text
	}
	return begin
}

func (l Line) String() string { return l.content() + " " + hex.EncodeToString(l.Sum[:]) }

// writeRegister is the file of the lines.
func writeRegister(lines []Line) []byte {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.String())
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// readRegister reads what writeRegister writes, and nothing else.
func readRegister(data []byte) ([]Line, error) {
	var lines []Line
	var sum [sha256.Size]byte
	for text := range strings.Lines(string(data)) {
		l, ok := parseLine(strings.TrimSuffix(text, "\n"))
		l = l.after(sum)
		if !ok || l.String()+"\n" != text || (l.Kind == KindWitness) != (len(lines) == 0) {
			return nil, fmt.Errorf("%w: line %d of the register", ErrDamaged, len(lines)+1)
		}
		lines, sum = append(lines, l), l.Sum
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%w: the register is empty", ErrDamaged)
	}
	return lines, nil
}

// parseLine takes a line to pieces; that they are right is seen when it is
// written again and compared.
func parseLine(text string) (Line, bool) {
	cut := strings.LastIndexByte(text, ' ')
	if cut < 0 {
		return Line{}, false
	}
	fields := strings.SplitN(text[:cut], " ", 3)
	if len(fields) < 3 {
		return Line{}, false
	}
	at, err := time.Parse(time.RFC3339, fields[1])
	if err != nil {
		return Line{}, false
	}
	l := Line{Kind: Kind(fields[0]), At: at.UTC(), Text: fields[2]}
	switch l.Kind {
	case KindWitness, KindTrusted:
		return l, true
	case KindCosigned, KindAlarm:
		size, rest, _ := strings.Cut(l.Text, " ")
		root, folder, _ := strings.Cut(rest, " ")
		var err1, err2 error
		l.Size, err1 = strconv.ParseInt(size, 10, 64)
		l.Root, err2 = tlog.ParseHash(root)
		l.Text = folder
		return l, err1 == nil && err2 == nil
	default:
		return Line{}, false
	}
}
