package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// chainVerdict is what Go makes of a certificate under an authority.
type chainVerdict struct {
	// KeyPair says that crypto/tls takes the key, and as that of the certificate.
	KeyPair       bool   `json:"keyPair"`
	KeyPairError  string `json:"keyPairError,omitempty"`
	AsServer      bool   `json:"asServer"`
	AsServerError string `json:"asServerError,omitempty"`
	AsClient      bool   `json:"asClient"`
	AsClientError string `json:"asClientError,omitempty"`
}

// judgeChain reads certificates as PEM: the one to judge comes first, the
// authority to trust last. The private key of the first may stand anywhere.
func judgeChain(pemText []byte, name string) (*chainVerdict, error) {
	certificates, err := parseAll(pemText)
	if err != nil {
		return nil, err
	}
	last := len(certificates) - 1
	if last < 1 {
		return nil, errors.New("a certificate and its authority are needed on stdin")
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(certificates[last])
	for _, certificate := range certificates[1:last] {
		intermediates.AddCert(certificate)
	}
	verify := func(usage x509.ExtKeyUsage, name string) error {
		_, err := certificates[0].Verify(x509.VerifyOptions{
			Roots:         roots,
			Intermediates: intermediates,
			DNSName:       name,
			KeyUsages:     []x509.ExtKeyUsage{usage},
		})
		return err
	}
	_, keyPair := tls.X509KeyPair(pemText, pemText)
	asServer := verify(x509.ExtKeyUsageServerAuth, name)
	// crypto/tls does not look at the names of a client.
	asClient := verify(x509.ExtKeyUsageClientAuth, "")
	return &chainVerdict{
		KeyPair:       keyPair == nil,
		KeyPairError:  textOf(keyPair),
		AsServer:      asServer == nil,
		AsServerError: textOf(asServer),
		AsClient:      asClient == nil,
		AsClientError: textOf(asClient),
	}, nil
}

func parseAll(pemText []byte) ([]*x509.Certificate, error) {
	certificates := []*x509.Certificate{}
	for block, rest := pem.Decode(pemText); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}
