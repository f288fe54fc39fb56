using System.Globalization;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A network of its own (Linux namespace) in which a port of its loopback leads to a Unix socket of this machine. What runs in it can be
/// cut off from that port without touching this machine's network. Needs root.
/// </summary>
public sealed class IsolatedNetwork : ServerProcess
{
    private const string Relay = """
        const net = require('net');
        net.createServer((near) => {
          const far = net.connect(process.argv[1]);
          for (const one of [near, far]) { one.on('error', () => { near.destroy(); far.destroy(); }); }
          near.pipe(far).pipe(near);
        }).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
        """;

    private readonly string _socket;

    private IsolatedNetwork(string socket)
        : base("network") => _socket = socket;

    /// <summary>The first arguments of a command that runs in this network.</summary>
    public IReadOnlyList<string> Enter => ["nsenter", $"--target={Pid.ToString(CultureInfo.InvariantCulture)}", "--net"];

    /// <summary>Drops every packet to and from the port, without a word to anybody.</summary>
    /// <returns>A task.</returns>
    public async Task CutAsync()
    {
        foreach (var side in (string[])["--dport", "--sport"])
        {
            var result = await Tool.TryRunAsync(Enter[0], [.. Enter.Skip(1), "iptables", "-A", "INPUT", "-p", "tcp", side, Port.ToString(CultureInfo.InvariantCulture), "-j", "DROP"]);
            if (result.ExitCode != 0)
            {
                throw new ServerUnavailableException("a network of its own", result.Error.Trim());
            }
        }
    }

    internal static async Task<IsolatedNetwork> CreateAsync(string socket)
    {
        _ = SampleApp.NodeFile;
        if (!Tool.IsRoot || Tool.Find("unshare") is null || Tool.Find("iptables") is null)
        {
            throw new ServerUnavailableException("a network of its own", "it needs root, unshare and iptables");
        }

        var network = new IsolatedNetwork(socket);
        await network.StartAsync();
        return network;
    }

    private protected override IEnumerable<string> Command() =>
        ["unshare", "--net", "/bin/sh", "-c", "ip link set lo up && exec \"$@\"", "sh", SampleApp.NodeFile, "-e", Relay, _socket, Port.ToString(CultureInfo.InvariantCulture)];

    private protected override async Task AskAsync()
    {
        if (!(await File.ReadAllTextAsync(LogFile)).Contains("listening", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("It does not listen yet.");
        }
    }
}
