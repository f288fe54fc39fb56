using System.Globalization;

namespace OpsRunbook.Fixtures;

/// <summary>The sample application as a process that nothing supervises. It comes back on the same port after a kill.</summary>
public sealed class AppServer : ServerProcess
{
    private readonly string _node;

    private AppServer(string node)
        : base("app") => _node = node;

    internal static async Task<AppServer> CreateAsync()
    {
        var server = new AppServer(SampleApp.NodeFile);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() => [_node, SampleApp.ScriptFile];

    private protected override IReadOnlyDictionary<string, string> ServerEnvironment() =>
        new Dictionary<string, string> { ["PORT"] = Port.ToString(CultureInfo.InvariantCulture), ["HOST"] = Host };

    private protected override async Task AskAsync() => (await ConnectAsync(Port)).Dispose();
}
