namespace OpsRunbook.Fixtures;

/// <summary>A Redis server.</summary>
public sealed class RedisServer : ServerProcess
{
    private readonly string _server;
    private readonly string _client;

    private RedisServer(string server, string client, RedisKind kind, string? password)
        : base("redis")
    {
        Password = password ?? TestRun.NewPassword();
        _server = server;
        _client = client;
        Kind = kind;
    }

    /// <summary>How it is reached.</summary>
    public RedisKind Kind { get; }

    /// <summary>User who may do everything; null for the default user.</summary>
    public string? User => Kind == RedisKind.Acl ? "admin" : null;

    /// <summary>Password of that user.</summary>
    public string Password { get; }

    /// <summary>User who may only read and write keys <c>app:*</c>; null without ACL.</summary>
    public string? LimitedUser => Kind == RedisKind.Acl ? "app" : null;

    /// <summary>Password of the limited user.</summary>
    public string LimitedPassword { get; } = TestRun.NewPassword();

    /// <summary>Authority of its certificate, which is for <c>localhost</c> and <c>127.0.0.1</c>; null without TLS.</summary>
    public string? TlsCaFile => Kind == RedisKind.Tls ? TestCertificates.CaFile : null;

    private string ConfigFile => Path.Combine(Folder, "redis.conf");

    /// <summary>Sends a command as the user who may do everything.</summary>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>The answer as <c>redis-cli</c> prints it to a pipe, without the last line feed.</returns>
    /// <exception cref="InvalidOperationException">The server answered with an error.</exception>
    public async Task<string> ExecuteAsync(params string[] arguments)
    {
        string[] tls = TlsCaFile is { } ca ? ["--tls", "--cacert", ca] : [];
        string[] user = User is { } name ? ["--user", name] : [];
        var answer = await Tool.RunAsync(
            _client,
            ["-e", "-h", Host, "-p", Port.ToString(), .. tls, .. user, "--no-auth-warning", .. arguments],
            environment: new Dictionary<string, string> { ["REDISCLI_AUTH"] = Password },
            timeout: TimeSpan.FromSeconds(20));
        return answer.TrimEnd('\n');
    }

    internal static Task<RedisServer> CreateAsync(RedisKind kind, params string[] settings) => CreateAsync(kind, null, settings);

    /// <summary>Starts a read-only replica with the master's password, and waits until it is in step.</summary>
    internal static async Task<RedisServer> CreateReplicaAsync(RedisServer master)
    {
        var replica = await CreateAsync(RedisKind.Plain, master.Password, [$"replicaof 127.0.0.1 {master.Port}", $"masterauth {master.Password}"]);
        await replica.WaitForAsync("master_link_status:up", "INFO", "replication");
        await master.WaitForAsync("state=online", "INFO", "replication");
        return replica;
    }

    /// <summary>Waits until an answer holds a text.</summary>
    internal async Task WaitForAsync(string text, params string[] command)
    {
        for (var tries = 0; !(await ExecuteAsync(command)).Contains(text, StringComparison.Ordinal); tries++)
        {
            if (tries > 300)
            {
                throw new InvalidOperationException($"{Name} on port {Port} does not come to say '{text}'.");
            }

            await Task.Delay(100);
        }
    }

    internal static async Task<RedisServer> CreateAsync(RedisKind kind, string? password, string[] settings)
    {
        var server = new RedisServer(
            Tool.Require("redis-server", "Redis", "redis-server"), Tool.Require("redis-cli", "Redis", "redis-tools"), kind, password);
        _ = Tool.As("redis", "Redis");
        File.Copy(TestCertificates.Localhost.ChainFile, Path.Combine(server.Folder, "cert.pem"));
        File.Copy(TestCertificates.Localhost.KeyFile, Path.Combine(server.Folder, "key.pem"));
        File.Copy(TestCertificates.CaFile, Path.Combine(server.Folder, "ca.pem"));
        string[] access = kind switch
        {
            RedisKind.Acl =>
            [
                "user default off",
                $"user admin on >{server.Password} ~* &* +@all",
                $"user app on >{server.LimitedPassword} ~app:* resetchannels -@all +get +set +ping",
            ],
            _ => [$"requirepass {server.Password}"],
        };
        string[] listener = kind == RedisKind.Tls
            ?
            [
                "port 0", $"tls-port {server.Port}", "tls-auth-clients no", $"tls-cert-file {server.Folder}/cert.pem",
                $"tls-key-file {server.Folder}/key.pem", $"tls-ca-cert-file {server.Folder}/ca.pem",
            ]
            : [$"port {server.Port}"];
        await File.WriteAllLinesAsync(
            server.ConfigFile,
            ["bind 127.0.0.1", $"dir {server.Folder}", "save \"\"", "appendonly no", "daemonize no", .. listener, .. access, .. settings]);
        await Tool.GiveAsync("redis", server.Folder);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() => [.. Tool.As("redis", "Redis"), _server, ConfigFile];

    private protected override async Task AskAsync()
    {
        if (await ExecuteAsync("PING") is not "PONG" and var answer)
        {
            throw new InvalidOperationException(answer);
        }
    }
}
