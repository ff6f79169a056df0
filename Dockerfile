# One image for every process: what a container does is in its command, such as `start --role gateway`.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The engine for reports on one machine needs more than 500 MB; `--build-arg OMIT=--omit=dev` takes it in.
ARG OMIT="--omit=dev --omit=optional"
RUN npm ci $OMIT --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
# What is not set is refused, where it matters: for a look around, `-e NODE_ENV=development`.
ENV NODE_ENV=production \
    PORT=8080 \
    DATA_DIR=/data \
    NODE_COMPILE_CACHE=/home/node/compiled
RUN install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY . .
USER node
# Strips the types once, here, and not in every container that starts.
RUN NODE_ENV=development node --disable-warning=ExperimentalWarning main.ts help > /dev/null
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "--disable-warning=ExperimentalWarning", "--disable-warning=TimeoutNegativeWarning", "main.ts"]
CMD ["start"]
