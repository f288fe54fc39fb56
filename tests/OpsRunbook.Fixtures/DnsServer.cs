using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A DNS server (dnsmasq) that answers for <c>example.test</c> by itself and refuses everything else:
/// <c>www</c> A 192.0.2.10 and AAAA 2001:db8::10, <c>alias</c> CNAME <c>www</c>, MX 10 <c>mail</c>, TXT <c>v=spf1 -all</c>, <c>many</c> A 192.0.2.1–3.
/// </summary>
public sealed class DnsServer : ServerProcess
{
    private readonly string _program;
    private readonly string[] _records;

    private DnsServer(string program, string[] records)
        : base("dns")
    {
        _program = program;
        _records = records;
    }

    /// <summary>Zone that it answers for.</summary>
    public string Zone => "example.test";

    /// <summary>Server and port as a resolver is given.</summary>
    public string Address => $"{Host}:{Port}";

    internal static async Task<DnsServer> CreateAsync(params string[] records)
    {
        var server = new DnsServer(Tool.Require("dnsmasq", "DNS", "dnsmasq-base"), records.Length > 0 ? records :
        [
            "--host-record=www.example.test,192.0.2.10,2001:db8::10",
            "--host-record=mail.example.test,192.0.2.25",
            "--host-record=many.example.test,192.0.2.1", "--host-record=many.example.test,192.0.2.2", "--host-record=many.example.test,192.0.2.3",
            "--cname=alias.example.test,www.example.test",
            "--mx-host=example.test,mail.example.test,10",
            "--txt-record=example.test,v=spf1 -all",
        ]);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
    [
        _program, "--keep-in-foreground", "--log-facility=-", "--log-queries", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-daemon",
        $"--port={Port}", $"--listen-address={Host}", "--bind-interfaces", $"--pid-file={Folder}/pid", $"--local=/{Zone}/", "--local-ttl=60",
        .. Tool.IsRoot ? (string[])["--user=root"] : [],
        .. _records,
    ];

    private protected override async Task AskAsync()
    {
        // A question for the zone itself; any answer with our id will do.
        byte[] question = [0x4f, 0x52, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Zone.Split('.').SelectMany(part => (byte[])[(byte)part.Length, .. Encoding.ASCII.GetBytes(part)]), 0, 0, 1, 0, 1];
        using var client = new UdpClient();
        client.Connect(IPAddress.Loopback, Port);
        await client.SendAsync(question);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var answer = await client.ReceiveAsync(patience.Token);
        if (answer.Buffer is not [0x4f, 0x52, ..])
        {
            throw new InvalidOperationException("The answer belongs to another question.");
        }
    }
}
