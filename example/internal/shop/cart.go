// Package shop is what the two demonstrations do alike with a session: the cart,
// and what a program asks of both.
package shop

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
)

// Cart is how many of each good the visitor wants. Python sees a dict.
const Cart sessions.Key[map[string]int] = "cart"

// A Good is something to put into the cart.
type Good struct{ Name, Note string }

// Goods are all goods of the shop.
var Goods = []Good{
	{"Assam", "malty, for the first hour"},
	{"Darjeeling", "first flush, light and floral"},
	{"Sencha", "green, a little salt, a little sea"},
	{"Rooibos", "red, no caffeine, all evening"},
}

// Shelf is a good and how many of it are in the cart.
type Shelf struct {
	Good
	Count int
}

// Shelves returns all goods. A cart that cannot be read, because someone stored
// something else under its key, is empty.
func Shelves(s *sessions.Session) []Shelf {
	items, _ := Cart.Get(s)
	shelves := make([]Shelf, len(Goods))
	for i, good := range Goods {
		shelves[i] = Shelf{good, items[good.Name]}
	}
	return shelves
}

const most = 99 // of one good

// ChangeCart returns the action that adds to the cart, or takes from it. Update
// sees what another tab has put there meanwhile, so that nothing gets lost.
func ChangeCart(site *web.Site) web.Action {
	return func(s *sessions.Session, r *http.Request) (any, error) {
		name, add, err := order(r)
		if err != nil {
			return nil, err
		}
		items, err := Cart.Update(s, func(items map[string]int) (map[string]int, error) {
			if items == nil {
				items = map[string]int{}
			}
			if items[name] = min(items[name]+add, most); items[name] <= 0 {
				delete(items, name)
			}
			return items, nil
		})
		if err != nil {
			return nil, err
		}
		message := "Added one %s to the cart."
		if add < 0 {
			message = "Removed one %s."
		}
		return map[string]any{"cart": items}, site.Tell(s, r, message, name)
	}
}

func order(r *http.Request) (name string, add int, err error) {
	if name, err = web.Field(r, "item"); err != nil {
		return "", 0, err
	}
	if !slices.ContainsFunc(Goods, func(g Good) bool { return g.Name == name }) {
		return "", 0, web.BadField("the field \"item\" does not name an item of this shop")
	}
	text, err := web.Field(r, "add")
	if err != nil {
		return "", 0, err
	}
	if add, err = strconv.Atoi(text); err != nil || add < -most || add > most {
		return "", 0, web.BadField("the field \"add\" must be a number from -%d to %d", most, most)
	}
	return name, add, nil
}
