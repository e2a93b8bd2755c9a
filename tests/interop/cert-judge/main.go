// Command cert-judge reads one certificate as PEM from stdin and prints as
// JSON what Go's crypto/x509 makes of it, and whether go-plugin's two sides
// would accept it. With a host's name as argument it reads a certificate, those
// between, and the authority to trust, and prints whether Go accepts the chain.
package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

type verdict struct {
	// Curve is empty when the key is not an ECDSA key.
	Curve              string `json:"curve"`
	PublicKeyAlgorithm string `json:"publicKeyAlgorithm"`
	SignatureAlgorithm string `json:"signatureAlgorithm"`
	Version            int    `json:"version"`
	SerialNumber       string `json:"serialNumber"`

	// Names as RFC 4514 writes them: the last part of the name comes first.
	Subject    string `json:"subject"`
	Issuer     string `json:"issuer"`
	SubjectDER string `json:"subjectDer"`
	IssuerDER  string `json:"issuerDer"`

	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	DNSNames  []string  `json:"dnsNames"`

	// KeyUsage is a sum of Go's x509.KeyUsage constants: digitalSignature 1,
	// keyEncipherment 4, keyAgreement 16, keyCertSign 32.
	KeyUsage    x509.KeyUsage `json:"keyUsage"`
	ExtKeyUsage []string      `json:"extKeyUsage"`
	IsCA        bool          `json:"isCA"`
	// BasicConstraintsValid says that the extension is present and sound.
	BasicConstraintsValid bool `json:"basicConstraintsValid"`
	// MaxPathLen is -1 when the certificate states none.
	MaxPathLen         int      `json:"maxPathLen"`
	HasSubjectKeyID    bool     `json:"hasSubjectKeyId"`
	HasAuthorityKeyID  bool     `json:"hasAuthorityKeyId"`
	Extensions         []string `json:"extensions"`
	CriticalExtensions []string `json:"criticalExtensions"`

	// SelfSigned checks the signature, which the next two do not: Go trusts a
	// certificate that is itself one of the roots without a look at it.
	SelfSigned      bool   `json:"selfSigned"`
	SelfSignedError string `json:"selfSignedError,omitempty"`
	AsServer        bool   `json:"asServer"`
	AsServerError   string `json:"asServerError,omitempty"`
	AsClient        bool   `json:"asClient"`
	AsClientError   string `json:"asClientError,omitempty"`
}

// nameText keeps the order of a name's parts, which pkix.Name.String loses.
func nameText(der []byte) (string, error) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil {
		return "", err
	} else if len(rest) != 0 {
		return "", errors.New("bytes follow the name")
	}
	return name.String(), nil
}

// extKeyUsageNames lists the usages in the certificate's order.
func extKeyUsageNames(certificate *x509.Certificate) []string {
	names := []string{}
	for _, usage := range certificate.ExtKeyUsage {
		switch usage {
		case x509.ExtKeyUsageServerAuth:
			names = append(names, "serverAuth")
		case x509.ExtKeyUsageClientAuth:
			names = append(names, "clientAuth")
		default:
			names = append(names, fmt.Sprintf("other(%d)", usage))
		}
	}
	for _, usage := range certificate.UnknownExtKeyUsage {
		names = append(names, usage.String())
	}
	return names
}

// verifyAsServer asks what a Go host asks of the plugin's certificate: client.go
// loadServerCert makes it the only root, crypto/tls then wants the server name.
func verifyAsServer(certificate *x509.Certificate) error {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		DNSName:       "localhost",
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

// verifyAsClient asks what a Go plugin asks of the host's certificate, which
// reaches it as the PEM text of PLUGIN_CLIENT_CERT (server.go, Serve).
func verifyAsClient(certificate *x509.Certificate, pemText []byte) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pemText) {
		return errors.New("client cert provided but failed to parse")
	}
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func judge(pemText []byte) (*verdict, error) {
	block, _ := pem.Decode(pemText)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no PEM block of type CERTIFICATE on stdin")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	subject, err := nameText(certificate.RawSubject)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	issuer, err := nameText(certificate.RawIssuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	selfSigned := certificate.CheckSignatureFrom(certificate)
	asServer := verifyAsServer(certificate)
	asClient := verifyAsClient(certificate, pemText)

	result := &verdict{
		PublicKeyAlgorithm:    certificate.PublicKeyAlgorithm.String(),
		SignatureAlgorithm:    certificate.SignatureAlgorithm.String(),
		Version:               certificate.Version,
		SerialNumber:          certificate.SerialNumber.String(),
		Subject:               subject,
		Issuer:                issuer,
		SubjectDER:            hex.EncodeToString(certificate.RawSubject),
		IssuerDER:             hex.EncodeToString(certificate.RawIssuer),
		NotBefore:             certificate.NotBefore,
		NotAfter:              certificate.NotAfter,
		DNSNames:              append([]string{}, certificate.DNSNames...),
		KeyUsage:              certificate.KeyUsage,
		ExtKeyUsage:           extKeyUsageNames(certificate),
		IsCA:                  certificate.IsCA,
		BasicConstraintsValid: certificate.BasicConstraintsValid,
		MaxPathLen:            certificate.MaxPathLen,
		HasSubjectKeyID:       len(certificate.SubjectKeyId) > 0,
		HasAuthorityKeyID:     len(certificate.AuthorityKeyId) > 0,
		Extensions:            []string{},
		CriticalExtensions:    []string{},
		SelfSigned:            selfSigned == nil,
		SelfSignedError:       textOf(selfSigned),
		AsServer:              asServer == nil,
		AsServerError:         textOf(asServer),
		AsClient:              asClient == nil,
		AsClientError:         textOf(asClient),
	}
	if key, isECDSA := certificate.PublicKey.(*ecdsa.PublicKey); isECDSA {
		result.Curve = key.Curve.Params().Name
	}
	for _, extension := range certificate.Extensions {
		result.Extensions = append(result.Extensions, extension.Id.String())
		if extension.Critical {
			result.CriticalExtensions = append(
				result.CriticalExtensions, extension.Id.String())
		}
	}
	return result, nil
}

func run() error {
	pemText, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var result any
	if len(os.Args) > 1 {
		result, err = judgeChain(pemText, os.Args[1])
	} else {
		result, err = judge(pemText)
	}
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
