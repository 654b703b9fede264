# The hub as one container: build the page once, run on the Node the project pins.
FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production ZHIAN_HOST=0.0.0.0 ZHIAN_DATA_DIR=/data
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /app/contract contract
COPY --from=build /app/broker broker
COPY --from=build /app/ingest ingest
COPY --from=build /app/records records
COPY --from=build /app/dashboard dashboard
COPY --from=build /app/hub hub
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 1883 8883
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "hub/main.ts"]
