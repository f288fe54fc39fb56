using Npgsql;

namespace OpsRunbook.Fixtures;

/// <summary>A PostgreSQL server with TLS and password logins; <c>pg_stat_statements</c> is loaded.</summary>
public sealed class PostgreSqlServer : ServerProcess
{
    private readonly string _binaries;
    private readonly string[] _settings;

    private PostgreSqlServer(string binaries, string[] settings)
        : base("postgresql")
    {
        _binaries = binaries;
        _settings = settings;
    }

    /// <summary>Superuser.</summary>
    public string User => "postgres";

    /// <summary>Its password.</summary>
    public string Password { get; private init; } = TestRun.NewPassword();

    /// <summary>Database that always exists.</summary>
    public string Database => "postgres";

    /// <summary>Authority of its certificate, which is for <c>localhost</c> and <c>127.0.0.1</c>.</summary>
    public string TlsCaFile => TestCertificates.CaFile;

    /// <summary>Folder of its Unix socket.</summary>
    public string SocketFolder => Folder;

    /// <summary>Folder of its data.</summary>
    public string DataFolder => Path.Combine(Folder, "data");

    /// <summary>Folder of the programs of its version (<c>pg_dump</c>, <c>psql</c>).</summary>
    public string ProgramFolder => _binaries;

    /// <summary>Connection string for Npgsql.</summary>
    public string ConnectionString => ConnectionStringOf(Database);

    private protected override string StopSignal => "INT";

    /// <summary>Connection string for Npgsql to another of its databases.</summary>
    /// <param name="database">The database.</param>
    /// <returns>The connection string, without pooling: a test sees the server's true sessions.</returns>
    public string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Username = User,
        Password = Password,
        Database = database,
        Pooling = false,
        Timeout = 10,
    }.ConnectionString;

    /// <summary>Runs SQL as superuser.</summary>
    /// <param name="sql">One or several statements.</param>
    /// <param name="database">Database; null for <c>postgres</c>.</param>
    /// <returns>First column of the first row; null without rows.</returns>
    public async Task<object?> ExecuteAsync(string sql, string? database = null)
    {
        await using var connection = new NpgsqlConnection(ConnectionStringOf(database ?? Database));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is the test's own.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Creates an empty database for one test.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = "test_" + Guid.NewGuid().ToString("N")[..12];
        await ExecuteAsync($"CREATE DATABASE {name}");
        return name;
    }

    internal static async Task<PostgreSqlServer> CreateAsync(params string[] settings)
    {
        var binaries = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
                .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            : Path.GetDirectoryName(Tool.Find("initdb"));
        if (binaries is null)
        {
            throw new ServerUnavailableException("PostgreSQL", "there is no initdb (package postgresql)");
        }

        var account = Tool.As("postgres", "PostgreSQL");
        var server = new PostgreSqlServer(binaries, settings);
        var passwordFile = Path.Combine(server.Folder, "password");
        await File.WriteAllTextAsync(passwordFile, server.Password + "\n");
        await Tool.GiveAsync("postgres", server.Folder);
        await server.AsAccountAsync(
            account,
            Path.Combine(binaries, "initdb"),
            "-D", server.DataFolder, "-U", server.User, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        File.Delete(passwordFile);

        await File.WriteAllTextAsync(
            Path.Combine(server.DataFolder, "pg_hba.conf"),
            "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n");
        File.Copy(TestCertificates.Localhost.ChainFile, Path.Combine(server.DataFolder, "server.crt"));
        File.Copy(TestCertificates.Localhost.KeyFile, Path.Combine(server.DataFolder, "server.key"));
        await Tool.GiveAsync("postgres", server.DataFolder);
        await server.StartAsync();
        await server.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
        return server;
    }

    /// <summary>A replica that streams from another server, with the same users.</summary>
    internal static async Task<PostgreSqlServer> CreateReplicaAsync(PostgreSqlServer primary)
    {
        var server = new PostgreSqlServer(primary._binaries, primary._settings) { Password = primary.Password };
        await Tool.GiveAsync("postgres", server.Folder);
        string[] command =
        [
            .. Tool.As("postgres", "PostgreSQL"), Path.Combine(primary._binaries, "pg_basebackup"), "-h", primary.Host, "-p", primary.Port.ToString(), "-U", primary.User,
            "-D", server.DataFolder, "-R", "-X", "stream", "-c", "fast", "--no-sync",
        ];
        await Tool.RunAsync(command[0], command[1..], environment: new Dictionary<string, string> { ["PGPASSWORD"] = primary.Password }, folder: server.Folder);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
    [
        .. Tool.As("postgres", "PostgreSQL"), Path.Combine(_binaries, "postgres"), "-D", DataFolder, "-p", Port.ToString(),
        .. ((string[])[
            "listen_addresses=127.0.0.1", $"unix_socket_directories={SocketFolder}", "ssl=on", "logging_collector=off",
            "shared_preload_libraries=pg_stat_statements", "shared_buffers=16MB", "max_connections=50",
            "fsync=off", "full_page_writes=off", "synchronous_commit=off", .. _settings])
            .SelectMany(setting => (string[])["-c", setting]),
    ];

    private protected override async Task AskAsync() => await ExecuteAsync("SELECT 1");

    private Task<string> AsAccountAsync(string[] account, params string[] command)
    {
        string[] all = [.. account, .. command];
        return Tool.RunAsync(all[0], all[1..], folder: Folder);
    }
}
