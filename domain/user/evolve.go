package user

import "slices"

// Evolve is 演进: the state after one more event of its stream, for those who keep
// it beside the log.
func (s State) Evolve(ev Event) State { return evolve(s, ev) }

func evolve(s State, ev Event) State {
	switch ev := ev.(type) {
	case Created:
		s.ID, s.Identity, s.Home, s.Generation = ev.User, ev.Identity, ev.Home, 1
	case Renamed:
		s.Identity = ev.Identity
	case MovedHome:
		s.Home = ev.To
	case RoleRequested, RoleGranted, RoleRefused, RoleRevoked:
		return s.evolveGrants(ev)
	case Disabled:
		s.Disabled, s.Invitation = true, nil
		s.Generation++
	case Enabled:
		s.Disabled = false
		s.Generation++
	case PasswordSet:
		s.Password, s.MustChange = ev.Credential, ev.MustChange
		s.Generation++
	case SecondFactorSet:
		s.Factor, s.Codes, s.Removal = ev.Credential, ev.Codes, nil
	case RecoveryCodesRenewed:
		s.Codes = ev.Codes
	case FactorRemovalRequested:
		s.Removal = &Removal{Reason: ev.Reason, By: ev.By}
	case FactorRemovalRefused:
		s.Removal = nil
	case SecondFactorRemoved:
		s.Factor, s.Codes, s.Removal = "", "", nil
		s.Generation++
	case SessionsEnded:
		if ev.Session == "" {
			s.Generation++
		}
	case TokenIssued:
		s.Tokens = append(slices.Clone(s.Tokens), Token{ID: ev.ID, Label: ev.Label, Scopes: ev.Scopes, Expires: ev.Expires})
	case TokenRevoked:
		s.Tokens = slices.Clone(s.Tokens)
		for i := range s.Tokens {
			s.Tokens[i].Revoked = s.Tokens[i].Revoked || s.Tokens[i].ID == ev.ID
		}
	case LinkInvited:
		s.Invitation = &Invitation{ID: ev.Invitation, Expires: ev.Expires}
	case ExternalLinked:
		s.Invitation = nil
		s.External = append(slices.Clone(s.External), ev.External)
	case ExternalUnlinked:
		s.External = slices.DeleteFunc(slices.Clone(s.External), func(x External) bool { return x == ev.External })
	case SignedIn, SignInFailed, HeldUp, SignedOut:
	}
	return s
}

// evolveGrants applies what happens to grants.
func (s State) evolveGrants(ev Event) State {
	change := func(id string, f func(*Grant)) {
		s.Grants = slices.Clone(s.Grants)
		for i := range s.Grants {
			if s.Grants[i].Grant == id {
				f(&s.Grants[i])
			}
		}
	}
	switch ev := ev.(type) {
	case RoleRequested:
		s.Grants = append(slices.Clone(s.Grants), Grant{Terms: ev.Terms, Status: StatusRequested, RequestedBy: ev.By})
	case RoleGranted:
		s.Grants = slices.DeleteFunc(slices.Clone(s.Grants), func(g Grant) bool { return g.Grant == ev.Grant })
		s.Grants = append(s.Grants, Grant{Terms: ev.Terms, Status: StatusGranted, How: ev.How, RequestedBy: ev.RequestedBy, DecidedBy: ev.ApprovedBy})
	case RoleRefused:
		change(ev.Grant, func(g *Grant) { g.Status, g.DecidedBy, g.EndReason = StatusRefused, ev.By, ev.Reason })
	case RoleRevoked:
		change(ev.Grant, func(g *Grant) { g.Status, g.EndedBy, g.EndReason = StatusRevoked, ev.By, ev.Reason })
	default: // evolve sends no other
	}
	return s
}
