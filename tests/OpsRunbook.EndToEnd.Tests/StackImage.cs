namespace OpsRunbook.EndToEnd.Tests;

/// <summary>
/// One image with this machine's PostgreSQL, Redis, nginx and Node.js and the sample application:
/// without a registry, the way to have the real servers in containers.
/// </summary>
internal static class StackImage
{
    public static async Task<string> GetAsync(DockerEngine docker)
    {
        // Whoever has the server on this machine has its programs: the fixtures know where they are.
        var postgreSql = (await Servers.PostgreSqlAsync()).ProgramFolder;
        var version = Path.GetFileName(Path.GetDirectoryName(postgreSql))!;
        string[] programs =
        [
            SampleApp.NodeFile, Path.Combine(postgreSql, "postgres"), Path.Combine(postgreSql, "initdb"),
            Tool.Require("redis-server", "Redis", "redis-server"), Tool.Require("nginx", "nginx", "nginx-light"),
        ];
        // Just-in-time compilation would bring LLVM with it, larger than everything else together.
        var libraries = Directory.GetFiles(Path.Combine(postgreSql, "../lib"), "*.so")
            .Select(Path.GetFullPath)
            .Where(file => !Path.GetFileName(file).StartsWith("llvm", StringComparison.Ordinal));
        return await docker.ImageOfProgramsAsync(
            "opsrunbook-test/stack:1",
            programs,
            [.. libraries, $"/usr/share/postgresql/{version}", "/usr/share/zoneinfo/UTC"],
            new Dictionary<string, string>
            {
                ["/app/app.js"] = await File.ReadAllTextAsync(SampleApp.ScriptFile),
                ["/entry/postgresql.sh"] = $"""
                    set -e
                    if [ ! -d /tmp/data ]; then
                      printf '%s\n' "$DB_PASSWORD" > /tmp/password
                      {postgreSql}/initdb -D /tmp/data -U postgres -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C --no-sync
                      rm /tmp/password
                      echo 'host all all all scram-sha-256' >> /tmp/data/pg_hba.conf
                    fi
                    rm -f /tmp/data/postmaster.pid
                    exec {postgreSql}/postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c jit=off

                    """,
                ["/entry/redis.sh"] = """
                    printf 'requirepass %s\nsave ""\ndir /tmp\n' "$CACHE_PASSWORD" | exec redis-server - --bind 0.0.0.0

                    """,
                ["/entry/nginx.sh"] = "mkdir -p /var/log/nginx /var/lib/nginx; exec nginx -c /entry/nginx.conf -e /dev/stderr -g 'daemon off;'\n",
                // The name is looked up at every request, so that nginx lives on while the application is away.
                ["/entry/nginx.conf"] = """
                    user www-data;
                    pid /run/nginx.pid;
                    error_log /dev/stderr;
                    events { worker_connections 128; }
                    http {
                      access_log off;
                      client_body_temp_path /tmp/body;
                      proxy_temp_path /tmp/proxy;
                      fastcgi_temp_path /tmp/fastcgi;
                      uwsgi_temp_path /tmp/uwsgi;
                      scgi_temp_path /tmp/scgi;
                      resolver 127.0.0.11 valid=1s;
                      server {
                        listen 80;
                        set $api api:3000;
                        location / { proxy_pass http://$api; proxy_connect_timeout 2s; }
                      }
                    }

                    """,
            });
    }
}
