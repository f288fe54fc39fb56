using System.Text.Json;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Makes a stack of a pm2 ecosystem file, or of what <c>pm2 jlist</c> printed.</summary>
public static class Pm2Import
{
    private const string Marker = "\u001eopsrunbook\u001e";

    // The file is the operator's own program and says what it exports; nothing else can read it.
    private const string Script =
        "const {pathToFileURL}=require('url');import(pathToFileURL(process.argv[1]).href)"
        + ".then(m=>{let c=m.default??m;return typeof c==='function'?c():c})"
        + ".then(c=>{process.stdout.write('" + Marker + "'+JSON.stringify(c)+'" + Marker + "');process.exit(0)},"
        + "e=>{process.stderr.write(String(e&&e.message||e));process.exit(1)})";

    private static readonly JsonDocumentOptions Json = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    private static readonly string[] LogKeys = ["out_file", "output", "pm_out_log_path", "error_file", "error", "pm_err_log_path", "log_file"];

    /// <summary>Reads an ecosystem file (<c>.js</c>, <c>.cjs</c>, <c>.mjs</c>, <c>.json</c>) or the output of <c>pm2 jlist</c>.</summary>
    /// <param name="host">Where Node.js runs for a JavaScript file.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the stack; null for the name of the file's folder.</param>
    /// <param name="output">Takes warnings.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The stack.</returns>
    /// <exception cref="OpsException"><c>Pm2.NotFound</c>, <c>Pm2.NodeMissing</c>, <c>Pm2.ScriptFailed</c>, <c>Pm2.SyntaxInvalid</c>, <c>Pm2.Invalid</c>.</exception>
    public static async Task<OpsStack> ReadAsync(IHost host, string path, string? name, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(output);
        path = Path.GetFullPath(path);
        var content = await ConfigReader.ReadFileAsync(path, cancellationToken, "Pm2");
        using var document = Path.GetExtension(path) is ".js" or ".cjs" or ".mjs"
            ? Parse(await RunAsync(host, path, cancellationToken), path)
            : Parse(content, path);
        var stack = new OpsStack { Name = name ?? Path.GetFileName(Path.GetDirectoryName(path)) ?? "pm2" };
        foreach (var application in Applications(document.RootElement, path))
        {
            Add(stack, application, path, output);
        }

        return stack;
    }

    private static async Task<byte[]> RunAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        CommandResult result;
        try
        {
            result = await host.RunAsync(new HostCommand("node", "-e", Script, path) { Timeout = TimeSpan.FromSeconds(10), MaximumOutputBytes = 4 * 1024 * 1024 }, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw new OpsException(
                "Pm2.NodeMissing", OpsErrorKind.NotInstalled, $"{path} is a JavaScript program, and Node.js, which must run it, is not installed here.", "Install Node.js, or save the output of 'pm2 jlist' to a file and import that.", path, error);
        }

        var parts = result.StandardOutput.Split(Marker);
        return result.Succeeded && parts.Length == 3
            ? System.Text.Encoding.UTF8.GetBytes(parts[1])
            : throw new OpsException("Pm2.ScriptFailed", OpsErrorKind.InvalidData, $"{path} cannot be read: {(result.Summary.Length == 0 ? "it exports nothing" : result.Summary)}", "Try it with 'node' by itself.", path);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> content, string path)
    {
        try
        {
            return JsonDocument.Parse(WithoutBanner(content), Json);
        }
        catch (JsonException error)
        {
            throw new OpsException("Pm2.SyntaxInvalid", OpsErrorKind.InvalidData, $"{path} line {(error.LineNumber ?? 0) + 1}: not valid JSON.", "Give an ecosystem file or the output of 'pm2 jlist'.", path, error);
        }
    }

    // The first 'pm2 jlist' of a session prints '[PM2] Spawning …' and a banner before its one line of JSON.
    private static ReadOnlyMemory<byte> WithoutBanner(ReadOnlyMemory<byte> content)
    {
        if (content.Span.StartsWith(System.Text.Encoding.UTF8.Preamble))
        {
            content = content[System.Text.Encoding.UTF8.Preamble.Length..];
        }

        for (var rest = content; !rest.IsEmpty;)
        {
            var line = rest.Span.TrimStart((byte)' ');
            if (line.StartsWith("[{"u8) || line.StartsWith("[]"u8) || (line.StartsWith("{"u8) && rest.Length == content.Length))
            {
                return rest;
            }

            var end = rest.Span.IndexOf((byte)'\n');
            rest = end < 0 ? default : rest[(end + 1)..];
        }

        return content;
    }

    private static List<JsonElement> Applications(JsonElement root, string path)
    {
        var list = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("apps", out var apps) ? apps : root;
        var applications = list.ValueKind switch
        {
            JsonValueKind.Array => list.EnumerateArray().ToList(),
            JsonValueKind.Object => [list],
            _ => [],
        };
        return applications.Count > 0 && applications.TrueForAll(application => application.ValueKind == JsonValueKind.Object && (Text(application, "name") ?? Text(application, "script")) is not null)
            ? applications
            : throw new OpsException("Pm2.Invalid", OpsErrorKind.InvalidData, $"{path} describes no pm2 applications.", "Give an ecosystem file with 'apps', or the output of 'pm2 jlist'.", path);
    }

    private static void Add(OpsStack stack, JsonElement application, string path, IOperationOutput output)
    {
        // What pm2 reports about a running application lies in pm2_env; an ecosystem file has it at the top.
        var isRunning = application.TryGetProperty("pm2_env", out var running) && running.ValueKind == JsonValueKind.Object;
        var settings = isRunning ? running : application;
        var name = Text(application, "name") ?? Path.GetFileNameWithoutExtension(Text(application, "script")!);
        if (Text(settings, "namespace") is { } module && settings.TryGetProperty("pmx_module", out var isModule) && isModule.ValueKind == JsonValueKind.True)
        {
            output.Verbose($"'{name}' is a module of pm2 itself ({module}) and is left out.");
            return;
        }

        if (stack.Services.TryGetValue(name, out var existing))
        {
            // Each instance of a cluster is an entry of its own in the list of running ones.
            existing.Instances = isRunning ? (existing.Instances ?? 1) + 1 : existing.Instances;
            return;
        }

        var folder = Text(settings, "pm_cwd") ?? Text(settings, "cwd");
        var memory = Text(settings, "max_memory_restart");
        var service = new StackService
        {
            Manager = ServiceManagerKind.Pm2,
            Directory = folder is null ? null : Path.GetFullPath(folder, Path.GetDirectoryName(path)!),
            User = Text(settings, "username") ?? Text(settings, "user"),
            EnvironmentFile = Text(settings, "env_file"),
            Instances = !isRunning && settings.TryGetProperty("instances", out var instances) && instances.TryGetNumber(out var number) && number > 1 ? number : null,
            Limits = memory is not null && ByteSize.TryParse(memory, out var bytes) ? new StackLimits { Memory = bytes } : null,
            Logs = [.. LogKeys.Select(key => Text(settings, key)).OfType<string>().Where(file => file is not ("/dev/null" or "NULL")).Distinct(StringComparer.Ordinal)],
        };
        if (Port(settings) is { } port)
        {
            service.Ports.Add(port);
        }
        else
        {
            output.Warning($"The port of '{name}' is not known ({path} sets no PORT); add it under services.{name}.ports.");
        }

        stack.Services[name] = service;
    }

    private static int? Port(JsonElement settings)
    {
        foreach (var group in new[] { "env_production", "env" })
        {
            if (settings.TryGetProperty(group, out var environment) && environment.ValueKind == JsonValueKind.Object
                && Text(environment, "PORT") is { } text && StackForms.TryReadPort(text, out var port))
            {
                return port;
            }
        }

        return Text(settings, "PORT") is { } direct && StackForms.TryReadPort(direct, out var own) ? own : null;
    }

    private static bool TryGetNumber(this JsonElement element, out int number)
    {
        number = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out number);
    }

    private static string? Text(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out var value)
            ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Number => value.GetRawText(), _ => null }
            : null;
}
