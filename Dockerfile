# Nothing but one static program and the roots it trusts. Build: docker build -t lifeboat .
# Builds for the machine it is built on; for another: docker buildx build --platform linux/arm64 .
ARG BUILDER=rust:1.95-trixie
FROM ${BUILDER} AS build
WORKDIR /build
# Nothing is ever unwound, a panic ends the program: its tables would be a tenth of the image.
RUN echo 'SECTIONS { /DISCARD/ : { *(.eh_frame) *(.gcc_except_table*) } } INSERT AFTER .text;' >/no-unwinding.ld
# Static, with packed relocations: half a megabyte less. With --target the flags are for the program alone: build
# scripts and procedural macros can't be static.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs \
 -C link-arg=-Wl,--no-eh-frame-hdr -C link-arg=-Wl,-T,/no-unwinding.ld"
# The dependencies, with an empty program: this layer stands until they change.
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN mkdir src \
 && echo '//! Empty.' | tee src/lib.rs >src/main.rs \
 && echo 'fn main() {}' >>src/main.rs \
 && cargo build --release --locked --target "$(uname -m)-unknown-linux-gnu"
COPY src src
# cargo goes by modification times, and the sources are older than the empty program.
RUN touch src/lib.rs src/main.rs \
 && cargo build --release --locked --target "$(uname -m)-unknown-linux-gnu" \
 && install -D "target/$(uname -m)-unknown-linux-gnu/release/lifeboat" /image/lifeboat \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

FROM scratch
LABEL org.opencontainers.image.title="lifeboat" \
      org.opencontainers.image.description="Database backups: docker exec, compression, S3; stored only when proven whole" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/ /
ENTRYPOINT ["/lifeboat"]
