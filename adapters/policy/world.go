package policy

import (
	cedar "github.com/cedar-policy/cedar-go"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
)

// The types of entities that policies speak of.
const (
	typeUser = "User"
	typeRole = "Role"
	typeUnit = "Unit"
)

// kind is the type of a resource.
type kind string

const (
	kindComplaint kind = "Complaint"
	kindAccount   kind = "Account"
)

// kinds are the resources of the families.
var kinds = map[string]kind{
	"complaint": kindComplaint, "person": "Person", "enterprise": "Enterprise", "series": "Series", "calendar": "Calendar", "orgunit": "OrgUnit",
	"user": kindAccount,
}

// Resource is what something is to be done on.
type Resource struct {
	kind kind
	id   string
	Case
}

// Case is what policies may look at of a complaint. Owner is the unit that has
// it; a user id is empty when there is nobody.
type Case struct {
	Owner         string
	Handler       string
	CoHandler     string
	FirstReceiver string
	Restricted    bool
	Named         []domain.Role // who works on a restricted case
	Accused       string        // the unit that a restricted case is about
}

// OnComplaint is a complaint as a resource.
func OnComplaint(id uuid.UUID, s complaint.State) Resource {
	c := Case{Owner: Owner(s.HandlingOrg, s.Area), Handler: s.Handler, CoHandler: s.CoHandler, FirstReceiver: s.FirstReceiver}
	if r := s.Restriction; r != nil {
		c.Restricted, c.Named, c.Accused = true, r.AllowedRoles, r.AccusedOrg
	}
	return Resource{kindComplaint, id.String(), c}
}

// Owner is the unit that has a case: the one that handles it, before that the
// one of the area that it comes from.
func Owner(handling, area string) string {
	if handling != "" {
		return handling
	}
	return area
}

// OnAccount is a user's account as a resource.
func OnAccount(user string) Resource { return Resource{kind: kindAccount, id: user} }

// OnFile is a file of another family as a resource.
func OnFile(family string) Resource { return Resource{kind: kinds[family]} }

// world is the entities of one request. Units are looked up as the policies ask
// for them.
type world struct {
	r         Request
	principal cedar.Entity
	resource  cedar.Entity
}

func newWorld(r Request) *world {
	_, placed := r.Units.Parent(r.Actor.Org, r.Date)
	w := &world{r: r}
	w.principal = cedar.Entity{
		UID:     user(r.Actor.ID),
		Parents: cedar.NewEntityUIDSet(role(r.Actor.Role)),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"unit": unit(r.Actor.Org), "acting_for": user(r.For), "placed": cedar.Boolean(placed),
		}),
	}
	w.resource = cedar.Entity{UID: cedar.NewEntityUID(cedar.EntityType(r.On.kind), cedar.String(r.On.id))}
	if r.On.kind == kindComplaint {
		owner := unit(w.owner())
		w.resource.Parents = cedar.NewEntityUIDSet(owner)
		w.resource.Attributes = cedar.NewRecord(cedar.RecordMap{
			"owner": owner, "handler": user(r.On.Handler), "co_handler": user(r.On.CoHandler), "first_receiver": user(r.On.FirstReceiver),
			"restricted": cedar.Boolean(r.On.Restricted), "accused": unit(r.On.Accused), "named": roles(r.On.Named),
		})
	}
	if r.On.kind == kindAccount {
		w.resource.Attributes = cedar.NewRecord(cedar.RecordMap{"holder": user(r.On.id)})
	}
	return w
}

// owner is the unit that has the case; what no unit has is the root's.
func (w *world) owner() string {
	owner := w.r.On.Owner
	if owner != elsewhere && !w.r.Units.Known(owner) {
		return w.r.Units.Root(w.r.Date)
	}
	return owner
}

// Get is what the policies ask for: the two of the request, and units with the
// one above them.
func (w *world) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch {
	case uid == w.principal.UID:
		return w.principal, true
	case uid == w.resource.UID:
		return w.resource, true
	case uid.Type == typeUnit:
		above, known := w.r.Units.Parent(string(uid.ID), w.r.Date)
		e := cedar.Entity{UID: uid}
		if above != "" {
			e.Parents = cedar.NewEntityUIDSet(unit(above))
		}
		return e, known
	}
	return cedar.Entity{}, false
}

func user(id string) cedar.EntityUID     { return cedar.NewEntityUID(typeUser, cedar.String(id)) }
func role(r domain.Role) cedar.EntityUID { return cedar.NewEntityUID(typeRole, cedar.String(r)) }
func unit(code string) cedar.EntityUID   { return cedar.NewEntityUID(typeUnit, cedar.String(code)) }

func roles(rs []domain.Role) cedar.Set {
	values := make([]cedar.Value, len(rs))
	for i, r := range rs {
		values[i] = role(r)
	}
	return cedar.NewSet(values...)
}

// elsewhere stands for a unit that is neither the actor's nor below it.
const elsewhere = "(elsewhere)"

// Sight is the cases that somebody sees, as lists ask for it: what the policies
// say of one case of each sort.
func (s *Set) Sight(a domain.Actor, units orgunit.Tree, on domain.Date) complaint.Sight {
	sees := func(c Case) bool {
		return s.May(Request{Actor: a, Action: See, On: Resource{kindComplaint, "", c}, Units: units, Date: on})
	}
	sight := complaint.Sight{
		All:        sees(Case{Owner: elsewhere, Restricted: true, Accused: a.Org}),
		Everywhere: sees(Case{Owner: elsewhere}),
		Own:        sees(Case{Owner: elsewhere, FirstReceiver: a.ID}),
	}
	if sight.All || sight.Everywhere || !sees(Case{Owner: a.Org}) {
		return sight
	}
	// What no unit has is the root's, so whoever sees the root sees everywhere.
	if sight.Everywhere = units.Root(on) == a.Org; !sight.Everywhere {
		sight.Units = units.Below(a.Org, on)
	}
	return sight
}
