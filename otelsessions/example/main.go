// Example counts visits and shows Prometheus how long sessions take, at /metrics. The
// file dashboard.json beside it is a dashboard for Grafana.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/otelsessions"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

const visits sessions.Key[int] = "visits"

func main() {
	log.Fatal(run("127.0.0.1:8080"))
}

func run(address string) error {
	h, err := handler()
	if err != nil {
		return err
	}
	log.Printf("open http://%s/ and http://%[1]s/metrics", address)
	return http.ListenAndServe(address, h)
}

func handler() (http.Handler, error) {
	registry := client.NewRegistry()
	exporter, err := prometheus.New(prometheus.WithRegisterer(registry))
	if err != nil {
		return nil, err
	}
	mw, err := otelsessions.New(memory.New(nil), nil, &otelsessions.Options{
		MeterProvider: metric.NewMeterProvider(metric.WithReader(exporter)),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/", mw.Handler(http.HandlerFunc(home)))
	return mux, nil
}

func home(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	fmt.Fprintf(w, "visit %d\n", n)
}
