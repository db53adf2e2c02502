# The same files for people who build with Docker; `make image` needs no registry and no daemon.
#   docker build -t foretop .
FROM debian:bookworm AS build
COPY . /src
WORKDIR /src
RUN hack/deps image-root && make -j"$(nproc)" && hack/image-root build/foretop /image

FROM scratch
COPY --from=build /image/ /
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /
EXPOSE 8080
LABEL org.opencontainers.image.title=foretop \
	org.opencontainers.image.description="Scales Kubernetes workloads before their load arrives" \
	org.opencontainers.image.licenses=Apache-2.0
ENTRYPOINT ["/usr/bin/foretop"]
CMD ["run"]
