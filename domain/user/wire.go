package user

import "hearth/domain"

// EventType is the wire name.
func (Created) EventType() string { return "user.created" }

// EventType is the wire name.
func (Renamed) EventType() string { return "user.renamed" }

// EventType is the wire name.
func (MovedHome) EventType() string { return "user.moved_home" }

// EventType is the wire name.
func (RoleRequested) EventType() string { return "user.role_requested" }

// EventType is the wire name.
func (RoleGranted) EventType() string { return "user.role_granted" }

// EventType is the wire name.
func (RoleRefused) EventType() string { return "user.role_refused" }

// EventType is the wire name.
func (RoleRevoked) EventType() string { return "user.role_revoked" }

// EventType is the wire name.
func (Disabled) EventType() string { return "user.disabled" }

// EventType is the wire name.
func (Enabled) EventType() string { return "user.enabled" }

// EventType is the wire name.
func (PasswordSet) EventType() string { return "user.password_set" }

// EventType is the wire name.
func (SecondFactorSet) EventType() string { return "user.second_factor_set" }

// EventType is the wire name.
func (RecoveryCodesRenewed) EventType() string { return "user.recovery_codes_renewed" }

// EventType is the wire name.
func (FactorRemovalRequested) EventType() string { return "user.factor_removal_requested" }

// EventType is the wire name.
func (FactorRemovalRefused) EventType() string { return "user.factor_removal_refused" }

// EventType is the wire name.
func (SecondFactorRemoved) EventType() string { return "user.second_factor_removed" }

// EventType is the wire name.
func (SignedIn) EventType() string { return "user.signed_in" }

// EventType is the wire name.
func (SignInFailed) EventType() string { return "user.sign_in_failed" }

// EventType is the wire name.
func (HeldUp) EventType() string { return "user.held_up" }

// EventType is the wire name.
func (SignedOut) EventType() string { return "user.signed_out" }

// EventType is the wire name.
func (SessionsEnded) EventType() string { return "user.sessions_ended" }

// EventType is the wire name.
func (TokenIssued) EventType() string { return "user.token_issued" }

// EventType is the wire name.
func (TokenRevoked) EventType() string { return "user.token_revoked" }

// EventType is the wire name.
func (LinkInvited) EventType() string { return "user.link_invited" }

// EventType is the wire name.
func (ExternalLinked) EventType() string { return "user.external_linked" }

// EventType is the wire name.
func (ExternalUnlinked) EventType() string { return "user.external_unlinked" }

func (Created) event()                {}
func (Renamed) event()                {}
func (MovedHome) event()              {}
func (RoleRequested) event()          {}
func (RoleGranted) event()            {}
func (RoleRefused) event()            {}
func (RoleRevoked) event()            {}
func (Disabled) event()               {}
func (Enabled) event()                {}
func (PasswordSet) event()            {}
func (SecondFactorSet) event()        {}
func (RecoveryCodesRenewed) event()   {}
func (FactorRemovalRequested) event() {}
func (FactorRemovalRefused) event()   {}
func (SecondFactorRemoved) event()    {}
func (SignedIn) event()               {}
func (SignInFailed) event()           {}
func (HeldUp) event()                 {}
func (SignedOut) event()              {}
func (SessionsEnded) event()          {}
func (TokenIssued) event()            {}
func (TokenRevoked) event()           {}
func (LinkInvited) event()            {}
func (ExternalLinked) event()         {}
func (ExternalUnlinked) event()       {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[Created](), domain.Spec[Renamed](), domain.Spec[MovedHome](), domain.Spec[RoleRequested](),
		domain.Spec[RoleGranted](), domain.Spec[RoleRefused](), domain.Spec[RoleRevoked](), domain.Spec[Disabled](),
		domain.Spec[Enabled](), domain.Spec[PasswordSet](), domain.Spec[SecondFactorSet](), domain.Spec[RecoveryCodesRenewed](),
		domain.Spec[FactorRemovalRequested](), domain.Spec[FactorRemovalRefused](), domain.Spec[SecondFactorRemoved](), domain.Spec[SignedIn](),
		domain.Spec[SignInFailed](), domain.Spec[HeldUp](), domain.Spec[SignedOut](), domain.Spec[SessionsEnded](),
		domain.Spec[TokenIssued](), domain.Spec[TokenRevoked](), domain.Spec[ExternalLinked](), domain.Spec[ExternalUnlinked](),
		domain.Spec[LinkInvited](),
	}
}
