namespace OpsRunbook.Fixtures;

/// <summary>An OpenSSH server on this machine that lets the account of the tests in by key.</summary>
public sealed class SshServer : ServerProcess
{
    private readonly string _server;

    private SshServer(string server)
        : base("sshd") => _server = server;

    /// <summary>Account to log in as: that of the tests.</summary>
    public string User { get; } = Environment.UserName;

    /// <summary>Destination as in a stack file: <c>user@address:port</c>.</summary>
    public string Destination => $"{User}@{Host}:{Port}";

    /// <summary>Private key that is let in.</summary>
    public string IdentityFile => Path.Combine(Folder, "id");

    /// <summary>A private key that is refused.</summary>
    public string StrangerIdentityFile => Path.Combine(Folder, "stranger");

    /// <summary>Known hosts with this server's true key.</summary>
    public string KnownHostsFile => Path.Combine(Folder, "known_hosts");

    /// <summary>Known hosts with another key for this server, as after an attack or a reinstallation.</summary>
    public string ChangedKnownHostsFile => Path.Combine(Folder, "known_hosts.changed");

    /// <summary>Client configuration; its host <c>server</c> is this one.</summary>
    public string ClientConfigFile => Path.Combine(Folder, "ssh_config");

    /// <summary>Options for a stack's host, so that the user's own SSH configuration does not matter.</summary>
    public IReadOnlyDictionary<string, string> Options => new Dictionary<string, string>
    {
        ["UserKnownHostsFile"] = KnownHostsFile,
        ["GlobalKnownHostsFile"] = "/dev/null",
        ["StrictHostKeyChecking"] = "yes",
        ["IdentitiesOnly"] = "yes",
    };

    internal static async Task<SshServer> CreateAsync()
    {
        var program = Tool.Require("sshd", "sshd", "openssh-server");
        var keygen = Tool.Require("ssh-keygen", "sshd", "openssh-client");
        _ = Tool.Require("ssh", "sshd", "openssh-client");
        if (Tool.IsRoot)
        {
            Directory.CreateDirectory("/run/sshd");
        }

        var server = new SshServer(program);
        foreach (var key in (string[])["host_key", "other_host_key", "id", "stranger"])
        {
            await Tool.RunAsync(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", Path.Combine(server.Folder, key)]);
        }

        // StrictModes looks at every folder above, and a temporary folder may be written by everybody.
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "sshd_config"), $"""
            Port {server.Port}
            ListenAddress 127.0.0.1
            HostKey {server.Folder}/host_key
            PidFile {server.Folder}/sshd.pid
            AuthorizedKeysFile {server.Folder}/id.pub
            StrictModes no
            UsePAM {(IsLocked(server.User) ? "yes" : "no")}
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            UseDNS no
            PrintMotd no
            MaxSessions 100
            MaxStartups 200
            Subsystem sftp internal-sftp
            LogLevel VERBOSE

            """);
        await File.WriteAllTextAsync(server.KnownHostsFile, await KnownHostAsync(server, "host_key"));
        await File.WriteAllTextAsync(server.ChangedKnownHostsFile, await KnownHostAsync(server, "other_host_key"));
        await File.WriteAllTextAsync(server.ClientConfigFile, $"""
            Host server
              HostName {server.Host}
              Port {server.Port}
              User {server.User}
              IdentityFile {server.IdentityFile}
              BatchMode yes
              ConnectTimeout 10
            {string.Join('\n', server.Options.Select(option => $"  {option.Key} {option.Value}"))}

            """);
        await server.StartAsync();
        return server;
    }

    /// <summary>Runs a command over SSH.</summary>
    /// <param name="command">Command for the remote shell.</param>
    /// <returns>Its output.</returns>
    public Task<string> ExecuteAsync(string command) =>
        Tool.RunAsync("ssh", ["-F", ClientConfigFile, "server", command], timeout: TimeSpan.FromSeconds(20));

    private protected override IEnumerable<string> Command() => [_server, "-D", "-e", "-f", Path.Combine(Folder, "sshd_config")];

    private protected override async Task AskAsync()
    {
        try
        {
            await ExecuteAsync("true");
        }
        catch (InvalidOperationException) when (!Tool.IsRoot && File.ReadAllText(LogFile).Contains("account is locked", StringComparison.Ordinal))
        {
            throw new ServerUnavailableException("sshd", $"the account {User} is locked");
        }
    }

    // sshd itself refuses an account without a usable password, as root often is; PAM lets its key in.
    private static bool IsLocked(string user) =>
        Tool.IsRoot && File.ReadLines("/etc/shadow").Any(line => line.StartsWith(user + ":!", StringComparison.Ordinal));

    private static async Task<string> KnownHostAsync(SshServer server, string key)
    {
        var parts = (await File.ReadAllTextAsync(Path.Combine(server.Folder, key + ".pub"))).Split(' ');
        return $"[{server.Host}]:{server.Port} {parts[0]} {parts[1]}\n";
    }
}
