'use strict';
// The application of the end-to-end tests. It says what an application of the runbooks says:
//   /health                 {"status":"ok", ...} of the process itself
//   /api/v1/health/ready    200 when every dependency accepts a connection, else 503 that names those that do not
//   /metrics                Prometheus text
//   /wait?ms=300            an answer that takes its time
// Environment: PORT, HOST, DEPENDENCIES ("db=127.0.0.1:5432,cache=127.0.0.1:6379"),
// CONTROL: a JSON file, read at every health request, that makes it misbehave:
//   {"latencyMs": 800, "status": 500, "body": "{\"status\":\"starting\"}"}
const fs = require('fs');
const http = require('http');
const net = require('net');
const { monitorEventLoopDelay } = require('perf_hooks');

const port = Number(process.env.PORT || 3000);
const host = process.env.HOST || '127.0.0.1';
const dependencies = (process.env.DEPENDENCIES || '').split(',').filter(Boolean).map((text) => {
  const [name, address] = text.split('=');
  const colon = address.lastIndexOf(':');
  return { name, host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
});
const lag = monitorEventLoopDelay({ resolution: 10 });
lag.enable();
const requests = new Map();

function control() {
  try {
    return JSON.parse(fs.readFileSync(process.env.CONTROL, 'utf8'));
  } catch {
    return {};
  }
}

function connects(dependency) {
  return new Promise((resolve) => {
    const socket = net.connect(dependency.port, dependency.host);
    const end = (result) => { socket.destroy(); resolve(result); };
    socket.setTimeout(2000, () => end(false));
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}

async function ready() {
  const checks = {};
  for (const dependency of dependencies) {
    checks[dependency.name] = (await connects(dependency)) ? 'ok' : 'down';
  }
  const ok = Object.values(checks).every((check) => check === 'ok');
  return [ok ? 200 : 503, JSON.stringify({ status: ok ? 'ok' : 'unavailable', checks })];
}

function metrics() {
  const memory = process.memoryUsage();
  const mean = Number.isFinite(lag.mean) ? lag.mean / 1e9 : 0;
  const max = Number.isFinite(lag.max) ? lag.max / 1e9 : 0;
  return [
    '# HELP process_resident_memory_bytes Resident memory size in bytes.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${memory.rss}`,
    '# HELP nodejs_heap_size_total_bytes Process heap size from Node.js in bytes.',
    '# TYPE nodejs_heap_size_total_bytes gauge',
    `nodejs_heap_size_total_bytes ${memory.heapTotal}`,
    '# HELP nodejs_heap_size_used_bytes Process heap size used from Node.js in bytes.',
    '# TYPE nodejs_heap_size_used_bytes gauge',
    `nodejs_heap_size_used_bytes ${memory.heapUsed}`,
    '# HELP nodejs_eventloop_lag_mean_seconds The mean of the recorded event loop delays.',
    '# TYPE nodejs_eventloop_lag_mean_seconds gauge',
    `nodejs_eventloop_lag_mean_seconds ${mean}`,
    '# HELP nodejs_eventloop_lag_max_seconds The maximum recorded event loop delay.',
    '# TYPE nodejs_eventloop_lag_max_seconds gauge',
    `nodejs_eventloop_lag_max_seconds ${max}`,
    '# HELP http_requests_total Requests answered.',
    '# TYPE http_requests_total counter',
    ...[...requests].map(([labels, count]) => `http_requests_total{${labels}} ${count}`),
    '',
  ].join('\n');
}

const server = http.createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  let status = 200;
  let type = 'application/json';
  let body;
  if (path === '/health' || path === '/api/v1/health/ready') {
    const wanted = control();
    if (wanted.latencyMs) {
      await new Promise((resolve) => setTimeout(resolve, wanted.latencyMs));
    }
    [status, body] = path === '/health'
      ? [200, JSON.stringify({ status: 'ok', uptime: Math.round(process.uptime()), pid: process.pid })]
      : await ready();
    status = wanted.status || status;
    body = wanted.body || body;
  } else if (path === '/wait') {
    await new Promise((resolve) => setTimeout(resolve, Number(new URL(request.url, 'http://localhost').searchParams.get('ms'))));
    body = JSON.stringify({ status: 'ok', port, pid: process.pid });
  } else if (path === '/metrics') {
    type = 'text/plain; version=0.0.4; charset=utf-8';
    body = metrics();
  } else {
    status = 404;
    body = JSON.stringify({ error: 'not found' });
  }
  const labels = `method="${request.method}",path="${status === 404 ? 'other' : path}",status="${status}"`;
  requests.set(labels, (requests.get(labels) || 0) + 1);
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
});
server.listen(port, host, () => console.log(`listening on ${host}:${port}`));
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeAllConnections?.(); });
process.on('SIGINT', () => process.exit(0));
