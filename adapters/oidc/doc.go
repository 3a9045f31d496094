// Package oidc signs people in with a provider of identities, such as a city's
// 统一身份认证: OpenID Connect, authorization code with PKCE.
//
// It promises that an identity comes only out of a flow that this process's user
// began less than ten minutes ago, from a token that the provider signed for us
// and for that flow; and that a provider that is down stops nothing but itself:
// Ready tells pages, Run looks for it until it is back. Who somebody is says
// nothing about what they may do: groups and roles of the provider are not even
// read. Every refusal is a domain.Rejection of one of the codes below; what
// caused it is wrapped beside it, for the log. Read Provider.Begin first.
package oidc
