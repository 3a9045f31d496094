// Package totp is the second factor of an account: a secret that an
// authenticator app keeps, and the six digits that it shows for 30 seconds (RFC
// 6238 with SHA-1, the only form that every app knows).
//
// It promises that a code opens once: who stores the step that Verify gives, and
// passes it as the last one next time, refuses the same code and every older one.
// Read Verify first.
package totp

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// Issuer is what an app shows above the code.
const Issuer = "职工之家"

// Period is how long one code is shown.
const Period = 30 * time.Second

// skew is how many steps a phone's clock may be ahead or behind.
const skew = 1

// secretSize is what RFC 4226 recommends: as long as a hash of SHA-1.
const secretSize = 20

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret draws a secret, as text that can be typed into an app.
func NewSecret() string {
	raw := make([]byte, secretSize)
	rand.Read(raw) // never fails
	return base32Text.EncodeToString(raw)
}

// URI is what the QR code for an app holds: the secret under our name and the
// account's login.
func URI(secret, login string) (string, error) {
	raw, err := base32Text.DecodeString(secret)
	if err != nil {
		return "", fmt.Errorf("totp: the secret is no base32: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: Issuer, AccountName: login, Secret: raw, Period: uint(Period / time.Second),
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", fmt.Errorf("totp: %w", err)
	}
	return key.URL(), nil
}

// Grouped is a secret in groups of four, to be typed from paper or screen.
func Grouped(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Verify reports whether a code is right at a time: that of the present step, or
// of the one before or after it, for a clock that is not quite right. A step up
// to lastStep is refused, for its code was used or is older than one that was.
// The step is what to pass next time; it is lastStep when the code is wrong.
func Verify(secret, code string, now time.Time, lastStep int64) (step int64, ok bool) {
	code = digits(code)
	at := now.Unix() / int64(Period/time.Second)
	for step := max(at-skew, lastStep+1, 0); step <= at+skew; step++ {
		// An error says that code or secret have another form: then it is wrong.
		right, err := hotp.ValidateCustom(code, uint64(step), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && right {
			return step, true
		}
	}
	return lastStep, false
}

// digits is a code without the spaces that apps show, in narrow digits.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '\u3000' || r == '-':
			return -1
		}
		return r
	}, strings.TrimSpace(code))
}
