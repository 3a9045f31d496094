# The hearth binary alone: with HEARTH_NATS_URL and DATABASE_URL it needs
# neither an embedded server nor a PostgreSQL of its own.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /hearth ./cmd/hearth

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* && useradd --system --uid 10001 --home /state --create-home hearth \
 && install -d -o hearth -m 700 /keys
COPY --from=build /hearth /usr/local/bin/hearth
USER hearth
VOLUME /state /keys
EXPOSE 8020
HEALTHCHECK --interval=10s --timeout=3s CMD ["hearth", "doctor", "--ready", "http://127.0.0.1:8020"]
ENTRYPOINT ["hearth"]
CMD ["serve", "--state", "/state", "--listen", "0.0.0.0:8020"]
