// Package owntls reads TLS of one's own from the environment, for hosts and
// plugins alike.
package owntls

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
)

// FromEnvironment makes what OWN_TLS describes: an object in JSON with ca,
// certificate and privateKey as PEM, and serverName. Whoever has a ca wants to
// see a certificate. It is nil if there is no such variable.
func FromEnvironment() (*tls.Config, error) {
	text := os.Getenv("OWN_TLS")
	if text == "" {
		return nil, nil
	}
	var own struct{ Ca, Certificate, PrivateKey, ServerName string }
	if err := json.Unmarshal([]byte(text), &own); err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: "localhost"}
	if own.ServerName != "" {
		config.ServerName = own.ServerName
	}
	if own.Ca != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(own.Ca)) {
			return nil, errors.New("OWN_TLS: no certificate in ca")
		}
		config.RootCAs, config.ClientCAs = pool, pool
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if own.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(own.Certificate), []byte(own.PrivateKey))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
