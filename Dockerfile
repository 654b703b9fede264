# One image for every role (ZHIAN_ROLE): built once, run as it is. The Node here is the one that package.json pins.
# Where policy asks for digests, put `@sha256:…` behind both tags.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node node_modules/vite/bin/vite.js build dashboard/web

FROM node:26.10.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Node itself is in the image already; what else is optional is the native code of this platform.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-* && npm cache clean --force

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production ZHIAN_HOST=0.0.0.0 ZHIAN_DATA_DIR=/data
RUN mkdir --mode=0700 /data && chown node:node /data
WORKDIR /app
# Owned by root: the hub cannot change itself.
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY contract contract
COPY broker broker
COPY ingest ingest
COPY records records
COPY cluster cluster
COPY hub hub
COPY dashboard/server dashboard/server
COPY --from=build /app/dashboard/web/dist dashboard/web/dist
USER node
VOLUME /data
EXPOSE 8080 1883 8883
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Finishes and acknowledges what it took, within 10 s. As process 1 it gets the signal itself.
STOPSIGNAL SIGTERM
CMD ["node", "hub/main.ts"]
