using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class ComposeImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedOutput _output = new();

    [Fact]
    public async Task Takes_services_databases_caches_and_web_servers()
    {
        _folder.Write(".env", "API_PORT=8080\n# comment\nexport TAG=\"1.2\"\n");
        var stack = await ReadAsync(
            """
            name: shop
            x-common: &common { restart: always }
            services:
              api:
                <<: *common
                image: ghcr.io/shop/api:${TAG}
                ports: ["${API_PORT:-1}:3000", "127.0.0.1:${ADMIN_PORT:-9000}:9000", "9100", "53:53/udp"]
                environment:
                  LOG: info
                  JWT_SECRET: very-secret
                  FEATURE:
                env_file: api.env
                healthcheck:
                  test: ["CMD", "curl", "-f", "http://localhost:3000/health?x=1"]
                  timeout: 3s
                depends_on:
                  db: { condition: service_healthy }
                  cache: { condition: service_started }
                deploy: { replicas: 2, resources: { limits: { memory: 512M, cpus: "0.5" } } }
              web:
                image: nginx:1.27-alpine
                ports: [{ target: 80, published: "8081" }, "[::1]:8443:443"]
                depends_on: [api]
              db:
                image: docker.io/postgis/postgis:16-3.4@sha256:abc
                ports: ["5433:5432"]
                environment: [POSTGRES_USER=shop, "POSTGRES_PASSWORD=hunter2"]
              cache:
                image: valkey/valkey:8
                ports: ["6379:6379"]
                command: valkey-server --requirepass "${CACHE_PASSWORD:?needed}"
              prom: { image: prom/prometheus, ports: ["9090:9090"] }
            """);

        Assert.Equal("shop", stack.Name);
        var api = stack.Services["api"];
        Assert.Equal(ServiceManagerKind.Compose, api.Manager);
        Assert.Equal("ghcr.io/shop/api:1.2", api.Image);
        Assert.Equal([8080, 9000], api.Ports);
        Assert.Equal("http://localhost:8080/health?x=1", Assert.Single(api.Health).Url);
        Assert.Equal(TimeSpan.FromSeconds(3), api.Health[0].Timeout);
        Assert.Equal(["db", "cache"], api.DependsOn);
        Assert.Equal(["JWT_SECRET", "FEATURE"], api.RequiredEnvironment);
        Assert.Equal(2, api.Instances);
        Assert.Equal(512L << 20, api.Limits!.Memory);
        Assert.Equal(0.5, api.Limits.Cpus);
        Assert.Equal([8081, 8443], stack.WebServers["web"].Ports);
        Assert.Equal("nginx", stack.WebServers["web"].Engine);
        var db = stack.Databases["db"];
        Assert.Equal((DatabaseEngine.Postgres, 5433, "shop", "shop"), (db.Engine, db.Port, db.User, db.Database));
        Assert.Equal("${env:POSTGRES_PASSWORD}", db.Password!.ToString());
        Assert.Equal("${env:CACHE_PASSWORD}", stack.Caches["cache"].Password!.ToString());
        Assert.Equal("http://localhost:9090", stack.Monitoring!.Prometheus);
        Assert.Contains(_output.Warnings, warning => warning.Contains("'db' has a plain secret", StringComparison.Ordinal) && warning.Contains("POSTGRES_PASSWORD", StringComparison.Ordinal));
        AssertNoSecret(stack, "hunter2", "very-secret");
    }

    [Theory]
    [InlineData("postgres:16", DatabaseEngine.Postgres)]
    [InlineData("bitnami/postgresql", DatabaseEngine.Postgres)]
    [InlineData("timescale/timescaledb-ha:pg16", DatabaseEngine.Postgres)]
    [InlineData("localhost:5000/postgres", DatabaseEngine.Postgres)]
    [InlineData("mysql:8.4", DatabaseEngine.MySql)]
    [InlineData("lscr.io/linuxserver/mariadb:11", DatabaseEngine.MariaDb)]
    [InlineData("mongo", DatabaseEngine.MongoDb)]
    public async Task Recognises_a_database_by_its_image(string image, DatabaseEngine engine) =>
        Assert.Equal(engine, (await ReadAsync($"services: {{ x: {{ image: '{image}' }} }}")).Databases["x"].Engine);

    [Fact]
    public async Task The_first_user_of_a_mongo_image_belongs_to_the_administrative_database()
    {
        var database = (await ReadAsync("services: { x: { image: mongo, environment: { MONGO_INITDB_ROOT_USERNAME: root, MONGO_INITDB_ROOT_PASSWORD: hunter2, MONGO_INITDB_DATABASE: shop } } }")).Databases["x"];
        Assert.Equal(("root", "shop", "admin"), (database.User, database.Database, database.AuthSource));
        Assert.Null((await ReadAsync("services: { x: { image: mongo } }")).Databases["x"].AuthSource);
    }

    [Theory]
    [InlineData("redis:7-alpine")]
    [InlineData("valkey/valkey")]
    [InlineData("eqalpha/keydb")]
    public async Task Recognises_a_cache_by_its_image(string image) =>
        Assert.Contains("x", (await ReadAsync($"services: {{ x: {{ image: '{image}' }} }}")).Caches);

    [Theory]
    [InlineData("traefik:v3", "traefik")]
    [InlineData("caddy", "caddy")]
    [InlineData("nginxinc/nginx-unprivileged", "nginx")]
    public async Task Recognises_a_web_server_by_its_image(string image, string engine) =>
        Assert.Equal(engine, (await ReadAsync($"services: {{ x: {{ image: '{image}' }} }}")).WebServers["x"].Engine);

    [Fact]
    public async Task A_name_that_only_resembles_a_database_is_a_service() =>
        Assert.Contains("x", (await ReadAsync("services: { x: { image: 'prodrigestivill/postgres-backup-local' } }")).Services);

    [Fact]
    public async Task Reaches_what_publishes_no_port_through_its_container()
    {
        var stack = await ReadAsync("name: shop\nservices:\n  db: { image: postgres, container_name: shop-db }\n  cache: { image: redis }");

        Assert.Equal("shop-db", stack.Hosts["db"].Container);
        Assert.Equal("db", stack.Databases["db"].Host);
        Assert.Equal("shop-cache-1", stack.Hosts["cache"].Container);
    }

    [Fact]
    public async Task A_health_check_on_an_unpublished_port_stays_with_the_container() =>
        Assert.Empty((await ReadAsync("services: { x: { image: a, healthcheck: { test: 'wget -q http://127.0.0.1:3000/' } } }")).Services["x"].Health);

    [Fact]
    public async Task Reads_the_password_file_of_a_compose_secret()
    {
        var stack = await ReadAsync(
            "services:\n  db: { image: postgres, environment: { POSTGRES_PASSWORD_FILE: /run/secrets/pg } }\nsecrets:\n  pg: { file: ./pg.txt }");

        Assert.Equal($"${{file:{Path.Combine(_folder.Path, "pg.txt")}}}", stack.Databases["db"].Password!.ToString());
    }

    [Fact]
    public async Task Two_databases_with_different_passwords_have_different_variables()
    {
        var stack = await ReadAsync(
            "services:\n  db-a: { image: postgres, environment: { POSTGRES_PASSWORD: hunter2 } }\n  db-b: { image: postgres, environment: { POSTGRES_PASSWORD: hunter3 } }");

        Assert.Equal("${env:POSTGRES_PASSWORD}", stack.Databases["db-a"].Password!.ToString());
        Assert.Equal("${env:DB_B_POSTGRES_PASSWORD}", stack.Databases["db-b"].Password!.ToString());
        AssertNoSecret(stack, "hunter2", "hunter3");
    }

    [Theory]
    [InlineData("environment: { MYSQL_ROOT_PASSWORD: hunter2 }", "root", null)]
    [InlineData("environment: { MYSQL_ROOT_PASSWORD: hunter2, MYSQL_USER: u, MYSQL_PASSWORD: hunter2, MYSQL_DATABASE: d }", "u", "d")]
    public async Task Logs_in_to_mysql_with_the_least_user(string environment, string user, string? database)
    {
        var stack = await ReadAsync($"services:\n  db:\n    image: mysql\n    {environment}");

        Assert.Equal((user, database), (stack.Databases["db"].User, stack.Databases["db"].Database));
        AssertNoSecret(stack, "hunter2");
    }

    [Fact]
    public async Task A_default_for_a_password_is_not_copied()
    {
        var stack = await ReadAsync("services: { db: { image: postgres, environment: { POSTGRES_PASSWORD: '${PW:-hunter2}' } } }");

        Assert.Equal("${env:PW}", stack.Databases["db"].Password!.ToString());
        AssertNoSecret(stack, "hunter2");
    }

    [Fact]
    public async Task A_health_check_with_a_password_is_not_copied()
    {
        var stack = await ReadAsync("services: { x: { image: a, ports: ['80:80'], healthcheck: { test: 'curl http://u:hunter2@localhost:80/' } } }");

        Assert.Empty(stack.Services["x"].Health);
        AssertNoSecret(stack, "hunter2");
    }

    [Fact]
    public async Task Leaves_out_jobs_and_profiles_and_says_so()
    {
        var stack = await ReadAsync(
            "services:\n  api: { image: a, depends_on: { migrate: { condition: service_completed_successfully } } }\n  migrate: { image: a }\n  debug: { image: b, profiles: [debug] }");

        Assert.Equal(["api"], stack.Services.Keys);
        Assert.Empty(stack.Services["api"].DependsOn);
        Assert.Equal(2, _output.Warnings.Count(warning => warning.Contains("left out", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("services:\n  a: { depends_on: [b] }\n  b: { depends_on: { a: {} } }", "Compose.DependencyCycle", "a → b → a")]
    [InlineData("services:\n  a: { depends_on: [bb] }\n  b: {}", "Compose.ReferenceUnknown", "Did you mean 'b'?")]
    [InlineData("services:\n  a: { ports: ['x:80'] }", "Compose.ValueInvalid", "8080:80")]
    [InlineData("services:\n  a: { ports: ['99999:80'] }", "Compose.ValueInvalid", "8080:80")]
    [InlineData("services:\n  a: {}\n  a: {}", "Compose.KeyDuplicate", "services.a")]
    [InlineData("services:\n  a: [", "Compose.SyntaxInvalid", "line 2")]
    [InlineData("services:\n\ta: {}", "Compose.SyntaxInvalid", "tab")]
    [InlineData("version: '3'", "Compose.Invalid", "services:")]
    [InlineData("", "Compose.Invalid", "services:")]
    [InlineData("text", "Compose.Invalid", "services:")]
    public async Task Names_what_is_wrong(string content, string id, string word)
    {
        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync(content));

        Assert.Equal(id, error.Id);
        Assert.Contains("compose.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains(word, error.FullMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a$$b", "a$b")]
    [InlineData("${NOT_SET_HERE}", "")]
    [InlineData("${NOT_SET_HERE:-x}", "x")]
    [InlineData("${NOT_SET_HERE-${KNOWN}}", "value")]
    [InlineData("${EMPTY-x}", "")]
    [InlineData("${EMPTY:-x}", "x")]
    [InlineData("${KNOWN:+yes}", "yes")]
    [InlineData("${NOT_SET_HERE+yes}", "")]
    [InlineData("$KNOWN/x", "value/x")]
    [InlineData("${KNOWN", "${KNOWN")]
    [InlineData("$1 $", "$1 $")]
    public void Replaces_variables_as_compose_does(string text, string expected) =>
        Assert.Equal(expected, new ComposeVariables(new Dictionary<string, string> { ["KNOWN"] = "value", ["EMPTY"] = string.Empty }).Replace(text));

    public void Dispose() => _folder.Dispose();

    private async Task<OpsStack> ReadAsync(string content)
    {
        _folder.Write("api.env", "LOG=x\n");
        var stack = await ComposeImport.ReadAsync(_folder.Write("compose.yaml", content), null, _output, default);

        // Whatever is imported is a valid stack.
        var again = StackLoader.Parse(Encoding.UTF8.GetBytes(StackWriter.Write(stack)), "again.yaml");
        Assert.Empty(again.Problems.Select(problem => problem.Error.FullMessage));
        return stack;
    }

    private void AssertNoSecret(OpsStack stack, params string[] secrets)
    {
        var text = StackWriter.Write(stack) + string.Concat(_output.Warnings);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
    }
}
