using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OpsRunbook.Engine.Docker;

/// <summary>Reads the engine's answers.</summary>
internal static class DockerJson
{
    public static DockerContainer ReadListed(JsonElement json)
    {
        var status = Text(json, "Status") ?? string.Empty;
        return new DockerContainer
        {
            Id = Text(json, "Id") ?? string.Empty,

            // A linked container has further names with slashes of their own.
            Name = Items(json, "Names").Select(name => (name.GetString() ?? string.Empty).TrimStart('/')).OrderBy(name => name.Length).FirstOrDefault() ?? string.Empty,
            Image = Text(json, "Image") ?? string.Empty,
            ImageId = Text(json, "ImageID") ?? string.Empty,
            State = Text(json, "State") ?? string.Empty,
            Status = status,
            Health = HealthOf(status),
            CreatedAt = DateTime.UnixEpoch.AddSeconds(Number(json, "Created") ?? 0),
            Labels = Labels(json),
            Ports = Items(json, "Ports")
                .Select(port => new DockerPort(
                    (int)(Number(port, "PrivatePort") ?? 0), Text(port, "Type") ?? "tcp", Text(port, "IP"), (int?)Number(port, "PublicPort")))
                .Distinct()
                .OrderBy(port => port.ContainerPort)
                .ToList(),
            Addresses = Addresses(Child(json, "NetworkSettings")),
            NetworkMode = Text(Child(json, "HostConfig"), "NetworkMode") ?? string.Empty,
        };
    }

    public static DockerContainer ReadInspected(JsonElement json)
    {
        var state = Child(json, "State");
        var limits = Child(json, "HostConfig");
        var config = Child(json, "Config");
        var health = Child(state, "Health");
        var running = state is { ValueKind: JsonValueKind.Object } && state.TryGetProperty("Running", out var flag) && flag.ValueKind == JsonValueKind.True;
        var word = Text(state, "Status") ?? string.Empty;
        var exitCode = (int?)Number(state, "ExitCode");
        return new DockerContainer
        {
            Id = Text(json, "Id") ?? string.Empty,
            Name = (Text(json, "Name") ?? string.Empty).TrimStart('/'),
            Image = Text(config, "Image") ?? string.Empty,
            ImageId = Text(json, "Image") ?? string.Empty,
            State = word,
            Status = running ? word : $"{word} ({exitCode})",
            Health = Text(health, "Status") is { } text && text != "none" ? text : null,
            HealthOutput = Items(health, "Log").Select(entry => Text(entry, "Output")).LastOrDefault()?.Trim(),
            ExitCode = (running && word != "restarting") || word == "created" ? null : exitCode,
            OomKilled = state is { ValueKind: JsonValueKind.Object } && state.TryGetProperty("OOMKilled", out var oom) && oom.ValueKind == JsonValueKind.True,
            Error = Text(state, "Error") is { Length: > 0 } error ? error : null,
            Pid = Number(state, "Pid") is { } pid and > 0 ? (int)pid : null,
            StartedAt = Moment(state, "StartedAt"),
            FinishedAt = Moment(state, "FinishedAt"),
            CreatedAt = Moment(json, "Created") ?? default,
            RestartCount = (int?)Number(json, "RestartCount"),
            RestartPolicy = Text(Child(limits, "RestartPolicy"), "Name"),
            MemoryLimitBytes = Number(limits, "Memory") is { } memory and > 0 ? memory : null,
            CpuLimit = Number(limits, "NanoCpus") is { } cpus and > 0 ? cpus / 1e9
                : Number(limits, "CpuQuota") is { } quota and > 0 && Number(limits, "CpuPeriod") is { } period and > 0 ? (double)quota / period
                : null,
            Labels = Labels(config),
            Ports = Ports(Child(Child(json, "NetworkSettings"), "Ports")),
            Addresses = Addresses(Child(json, "NetworkSettings")),
            NetworkMode = Text(limits, "NetworkMode") ?? string.Empty,
        };
    }

    /// <summary>The engine's explanation of a failure.</summary>
    /// <param name="body">Answer.</param>
    /// <returns>One line.</returns>
    public static string ReadMessage(byte[] body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
            if (Text(answer.RootElement, "message") is { } message)
            {
                return message;
            }
        }
        catch (JsonException)
        {
            // Not from the engine itself, or cut off.
        }

        var text = Encoding.UTF8.GetString(body).Trim();
        return text.Length == 0 ? "no explanation" : text.Split('\n')[0];
    }

    private static string? HealthOf(string status) =>
        status.Contains("(healthy)", StringComparison.Ordinal) ? "healthy"
        : status.Contains("(unhealthy)", StringComparison.Ordinal) ? "unhealthy"
        : status.Contains("(health: starting)", StringComparison.Ordinal) ? "starting"
        : null;

    private static List<DockerPort> Ports(JsonElement ports)
    {
        var list = new List<DockerPort>();
        if (ports.ValueKind != JsonValueKind.Object)
        {
            return list;
        }

        foreach (var port in ports.EnumerateObject())
        {
            var parts = port.Name.Split('/');
            var inside = int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            var protocol = parts.Length > 1 ? parts[1] : "tcp";
            if (port.Value.ValueKind != JsonValueKind.Array || port.Value.GetArrayLength() == 0)
            {
                list.Add(new DockerPort(inside, protocol, null, null));
                continue;
            }

            list.AddRange(port.Value.EnumerateArray().Select(binding => new DockerPort(
                inside,
                protocol,
                Text(binding, "HostIp"),
                int.TryParse(Text(binding, "HostPort"), NumberStyles.None, CultureInfo.InvariantCulture, out var outside) ? outside : null)));
        }

        return list.OrderBy(port => port.ContainerPort).ToList();
    }

    private static Dictionary<string, string> Addresses(JsonElement settings)
    {
        var networks = Child(settings, "Networks");
        return networks.ValueKind != JsonValueKind.Object
            ? []
            : networks.EnumerateObject()
                .Select(network => (network.Name, Address: Text(network.Value, "IPAddress")))
                .Where(network => !string.IsNullOrEmpty(network.Address))
                .ToDictionary(network => network.Name, network => network.Address!, StringComparer.Ordinal);
    }

    internal static Dictionary<string, string> Labels(JsonElement json)
    {
        var labels = Child(json, "Labels");
        return labels.ValueKind != JsonValueKind.Object
            ? []
            : labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.ToString(), StringComparer.Ordinal);
    }

    internal static JsonElement Child(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var child) ? child : default;

    internal static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        Child(json, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : default;

    internal static bool Flag(JsonElement json, string name) => Child(json, name).ValueKind == JsonValueKind.True;

    internal static string? Text(JsonElement json, string name) =>
        Child(json, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    internal static long? Number(JsonElement json, string name) =>
        Child(json, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;

    // The engine writes the year 1 for "never", and nanoseconds that DateTime rounds.
    internal static DateTime? Moment(JsonElement json, string name) =>
        DateTime.TryParse(Text(json, name), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var moment)
        && moment.Year > 1
            ? moment
            : null;
}
