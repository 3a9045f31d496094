package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/totp"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// RecoveryCodes is how many recovery codes there are.
const RecoveryCodes = 8

// Offer is a second factor to be set up: the secret, and what the QR code for the
// app holds. It counts for nothing until ConfirmFactor; the page keeps it in the
// session.
type Offer struct {
	Secret  string
	Grouped string // the secret, to be typed
	URI     string
}

// OfferFactor draws a secret for a user.
func (a *Accounts) OfferFactor(u User) (Offer, error) { return a.OfferAgain(u, totp.NewSecret()) }

// OfferAgain shows the same secret once more.
func (a *Accounts) OfferAgain(u User, secret string) (Offer, error) {
	uri, err := totp.URI(secret, u.Login)
	return Offer{Secret: secret, Grouped: totp.Grouped(secret), URI: uri}, err
}

// ConfirmFactor sets a second factor, once the user has shown that the app has
// its secret, and returns the recovery codes, which cannot be shown again.
func (a *Accounts) ConfirmFactor(ctx context.Context, u User, secret, code string, r Request) ([]string, error) {
	if err := a.holdUp(ctx, []lock{{"confirm\x00" + u.ID, freeTries, longestWait}}); err != nil {
		return nil, err
	}
	step, ok := totp.Verify(secret, code, a.now(), 0)
	if !ok {
		return nil, badCode()
	}
	id := uuid.New()
	sealed, err := a.sealSecret(ctx, id, u.ID, secret)
	if err != nil {
		return nil, err
	}
	if err := a.keepCredential(ctx, id, u.ID, kindTOTP, sealed); err != nil {
		return nil, err
	}
	if _, err := a.Pool.Exec(ctx, "update hearth.credential set used = $2 where id = $1", id.String(), step); err != nil {
		return nil, fmt.Errorf("store credential: %w", err)
	}
	codes, keptAs, err := a.keepCodes(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	return codes, a.single(ctx, u.ID, &user.SetFactor{Credential: id.String(), Codes: keptAs}, r)
}

// RenewCodes gives a user new recovery codes for a code of the app.
func (a *Accounts) RenewCodes(ctx context.Context, u User, code string, r Request) ([]string, error) {
	if err := a.ownCode(ctx, u, code); err != nil {
		return nil, err
	}
	codes, keptAs, err := a.keepCodes(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	return codes, a.single(ctx, u.ID, &user.RenewCodes{Codes: keptAs}, r)
}

// RemoveFactor takes a user's second factor away for a code of their own.
func (a *Accounts) RemoveFactor(ctx context.Context, u User, code string, r Request) error {
	if err := a.ownCode(ctx, u, code); err != nil {
		return err
	}
	return a.single(ctx, u.ID, &user.RemoveFactor{}, r)
}

// CodesLeft is how many recovery codes a user has not used.
func (a *Accounts) CodesLeft(ctx context.Context, u User) (int, error) {
	acc, err := a.byID(ctx, u.ID)
	if err != nil {
		return 0, err
	}
	value, _, err := a.credential(ctx, acc.state.Codes, kindCodes)
	if err != nil || value == "" {
		return 0, err
	}
	var hashes []string
	err = json.Unmarshal([]byte(value), &hashes)
	return len(hashes), err
}

// ownCode demands a code of somebody who is signed in.
func (a *Accounts) ownCode(ctx context.Context, u User, code string) error {
	if err := a.holdUp(ctx, []lock{{"own code\x00" + u.ID, freeTries, longestWait}}); err != nil {
		return err
	}
	acc, err := a.byID(ctx, u.ID)
	if err != nil {
		return err
	}
	_, err = a.useCode(ctx, acc.state, code)
	return err
}

func badCode() error {
	return domain.Reject("bad_code", "动态口令或恢复码不对。请核对手机时间,输入应用里正在显示的6位数字;用过的口令须等下一个。")
}

// useCode takes a code of the app, or a recovery code. Each works once.
func (a *Accounts) useCode(ctx context.Context, s user.State, code string) (user.Factor, error) {
	if s.Factor == "" {
		return user.FactorNone, domain.Reject("no_factor", "该账号没有设置二次验证,请重新登录。")
	}
	right, err := a.useTOTP(ctx, s, code)
	if err != nil || right {
		return user.FactorTOTP, err
	}
	if right, err = a.useRecovery(ctx, s, code); err != nil || right {
		return user.FactorRecovery, err
	}
	return user.FactorNone, badCode()
}

func (a *Accounts) useTOTP(ctx context.Context, s user.State, code string) (bool, error) {
	sealed, used, err := a.credential(ctx, s.Factor, kindTOTP)
	if err != nil || sealed == "" {
		return false, err
	}
	secret, err := a.openSecret(ctx, s.Factor, s.ID, sealed)
	if err != nil || secret == "" {
		return false, err
	}
	step, ok := totp.Verify(secret, code, a.now(), used)
	if !ok {
		return false, nil
	}
	// Of two who bring the same code at once, one is first.
	tag, err := a.Pool.Exec(ctx, "update hearth.credential set used = $2 where id = $1 and used < $2", s.Factor, step)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (a *Accounts) useRecovery(ctx context.Context, s user.State, code string) (bool, error) {
	if s.Codes == "" {
		return false, nil
	}
	tag, err := a.Pool.Exec(ctx, "update hearth.credential set value = (value::jsonb - @hash)::text where id = @id and kind = @kind and jsonb_exists(value::jsonb, @hash)",
		pgx.StrictNamedArgs{"id": s.Codes, "kind": kindCodes, "hash": codeHash(code)})
	if err != nil {
		return false, fmt.Errorf("use recovery code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// A recovery code is 80 random bits: nobody finds it from its hash.
const codeBytes = 10

var codeText = base32.StdEncoding.WithPadding(base32.NoPadding)

// keepCodes draws recovery codes and stores their hashes.
func (a *Accounts) keepCodes(ctx context.Context, account string) (codes []string, id string, err error) {
	var hashes []string
	for range RecoveryCodes {
		raw := make([]byte, codeBytes)
		rand.Read(raw) // never fails
		code := strings.ToLower(totp.Grouped(codeText.EncodeToString(raw)))
		codes, hashes = append(codes, strings.ReplaceAll(code, " ", "-")), append(hashes, codeHash(code))
	}
	value, err := json.Marshal(hashes)
	if err != nil {
		return nil, "", err
	}
	key := uuid.New()
	return codes, key.String(), a.keepCredential(ctx, key, account, kindCodes, string(value))
}

// codeHash is the hash of a recovery code, however it is written.
func codeHash(code string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(code)))
	sum := sha256.Sum256([]byte("hearth-recovery/v1\x00" + plain))
	return hex.EncodeToString(sum[:])
}

func totpSecret(id uuid.UUID, account string) eventstore.Secret {
	return eventstore.Secret{Event: id, Type: "account.totp", Subject: account, Class: domain.SealIdentity}
}

func (a *Accounts) sealSecret(ctx context.Context, id uuid.UUID, account, secret string) (string, error) {
	one := totpSecret(id, account)
	one.Plain = []byte(secret)
	all := []eventstore.Secret{one}
	if err := a.Vault.Seal(ctx, all); err != nil {
		return "", fmt.Errorf("seal second factor: %w", err)
	}
	return all[0].Text, nil
}

// openSecret is a sealed secret; empty when its key was destroyed.
func (a *Accounts) openSecret(ctx context.Context, id, account, sealed string) (string, error) {
	one := totpSecret(uuid.MustParse(id), account)
	one.Text = sealed
	all := []eventstore.Secret{one}
	err := a.Vault.Unseal(ctx, all)
	if err == nil {
		err = all[0].Err
	}
	if err != nil {
		return "", fmt.Errorf("open second factor: %w", err)
	}
	return strings.TrimSpace(string(all[0].Plain)), nil
}
