namespace OpsRunbook.Fixtures;

/// <summary>A TLS server (<c>openssl s_server</c>) for what others refuse to be configured for: old protocol versions, keys that are too short.</summary>
public sealed class OpenSslServer : ServerProcess
{
    private readonly string _program;
    private readonly string[] _options;

    private OpenSslServer(string program, string[] options)
        : base("openssl")
    {
        _program = program;
        _options = options;
    }

    /// <summary>Starts one.</summary>
    /// <param name="certificate">PEM file.</param>
    /// <param name="key">Its key.</param>
    /// <param name="options">Further options of <c>s_server</c>.</param>
    /// <returns>The server, listening.</returns>
    public static async Task<OpenSslServer> StartAsync(string certificate, string key, params string[] options)
    {
        var server = new OpenSslServer(Tool.Require("openssl", "openssl", "openssl"), ["-cert", certificate, "-key", key, .. options]);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() => [_program, "s_server", "-quiet", "-www", "-accept", $"{Host}:{Port}", .. _options];

    private protected override async Task AskAsync() => (await ConnectAsync(Port)).Dispose();
}
