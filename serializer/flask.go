package serializer

// FlaskFormat is the document in Flask's session cookie, for values of
// [Flask]: tagged JSON in ASCII, with keys in code point order. It has no
// metadata but the key "_permanent".
//
// A document for which Flask would raise an exception is [ErrCorrupt]. As in
// Flask, null is an empty session.
var FlaskFormat Format = flaskFormat

var flaskFormat = jsonFormat{
	name:           "flask",
	text:           flask,
	persistenceKey: permanent,
	nullIsEmpty:    true,
}

// permanent is the key under which Flask stores whether the browser keeps the
// cookie.
const permanent = "_permanent"
