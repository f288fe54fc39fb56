namespace OpsRunbook.Fixtures;

/// <summary>A MariaDB server with TLS and password logins.</summary>
public sealed class MariaDbServer : ServerProcess
{
    private readonly string _server;
    private readonly string _client;
    private readonly string[] _settings;

    private MariaDbServer(string server, string client, string[] settings)
        : base("mariadb")
    {
        _server = server;
        _client = client;
        _settings = settings;
    }

    /// <summary>Administrator.</summary>
    public string User => "root";

    /// <summary>Its password.</summary>
    public string Password { get; } = TestRun.NewPassword();

    /// <summary>Database that always exists.</summary>
    public string Database => "mysql";

    /// <summary>Authority of its certificate, which is for <c>localhost</c> and <c>127.0.0.1</c>.</summary>
    public string TlsCaFile => TestCertificates.CaFile;

    /// <summary>Its Unix socket.</summary>
    public string Socket => Path.Combine(Folder, "s.sock");

    private string InitFile => Path.Combine(Folder, "init.sql");

    /// <summary>Runs SQL as administrator.</summary>
    /// <param name="sql">Statements.</param>
    /// <param name="database">Database; null for none.</param>
    /// <returns>Rows, one a line, columns separated by tabs, without heading.</returns>
    public Task<string> ExecuteAsync(string sql, string? database = null) => Tool.RunAsync(
        _client,
        [
            "--no-defaults", "--protocol=tcp", $"--host={Host}", $"--port={Port}", $"--user={User}", "--batch", "--skip-column-names",
            "--connect-timeout=10", .. database is null ? Array.Empty<string>() : [database],
        ],
        sql,
        new Dictionary<string, string> { ["MYSQL_PWD"] = Password });

    /// <summary>Creates an empty database for one test.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = "test_" + Guid.NewGuid().ToString("N")[..12];
        await ExecuteAsync($"CREATE DATABASE {name}");
        return name;
    }

    internal static async Task<MariaDbServer> CreateAsync(params string[] settings)
    {
        const string Package = "mariadb-server";
        var install = Tool.Require("mariadb-install-db", "MariaDB", Package);
        var account = Tool.As("mysql", "MariaDB");
        var server = new MariaDbServer(
            Tool.Require("mariadbd", "MariaDB", Package), Tool.Require("mariadb", "MariaDB", Package), settings);
        await Tool.GiveAsync("mysql", server.Folder);

        // A server that starts removes the temporary tables that it finds in its folder for them, other servers' too.
        string[] command =
        [
            .. account, install, "--no-defaults", $"--datadir={server.Folder}/data", "--auth-root-authentication-method=normal",
            "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=8M", $"--tmpdir={server.Folder}",
        ];
        await Tool.RunAsync(command[0], command[1..], folder: server.Folder);

        // Read at every start, and harmless then. No anonymous users, and root by password only.
        await File.WriteAllTextAsync(server.InitFile, $"""
            DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host NOT IN ('localhost', '127.0.0.1'));
            FLUSH PRIVILEGES;
            CREATE USER IF NOT EXISTS root@localhost;
            ALTER USER root@localhost IDENTIFIED BY '{server.Password}';
            GRANT ALL PRIVILEGES ON *.* TO root@localhost WITH GRANT OPTION;
            CREATE USER IF NOT EXISTS root@'127.0.0.1';
            ALTER USER root@'127.0.0.1' IDENTIFIED BY '{server.Password}';
            GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;

            """);
        File.Copy(TestCertificates.Localhost.ChainFile, Path.Combine(server.Folder, "cert.pem"));
        File.Copy(TestCertificates.Localhost.KeyFile, Path.Combine(server.Folder, "key.pem"));
        File.Copy(TestCertificates.CaFile, Path.Combine(server.Folder, "ca.pem"));
        File.SetUnixFileMode(server.InitFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Tool.GiveAsync("mysql", server.Folder);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
    [
        .. Tool.As("mysql", "MariaDB"), _server, "--no-defaults", $"--datadir={Folder}/data", $"--socket={Socket}",
        $"--pid-file={Folder}/pid", $"--tmpdir={Folder}", $"--port={Port}", "--bind-address=127.0.0.1", "--skip-name-resolve", $"--init-file={InitFile}",
        $"--ssl-ca={Folder}/ca.pem", $"--ssl-cert={Folder}/cert.pem", $"--ssl-key={Folder}/key.pem", "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=fsync", .. _settings,
    ];

    private protected override async Task AskAsync() => await ExecuteAsync("SELECT 1");
}
