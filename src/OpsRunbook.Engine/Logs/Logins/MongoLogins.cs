using System.Text.Json;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>Logins that MongoDB refused: records of its component <c>ACCESS</c> with the ids for that. Names are values of JSON and cannot leave their place.</summary>
internal sealed class MongoLogins : LoginFormat
{
    private const long Failed = 20249;
    private const long FailedSince5 = 5286307;

    /// <inheritdoc/>
    public override string? Match => "ACCESS";

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record)
    {
        if (record.Fields.GetValueOrDefault("c") is not "ACCESS" || record.Fields.GetValueOrDefault("id") is not (Failed or FailedSince5) || record.Fields.GetValueOrDefault("attr") is not string attributes)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(attributes);
            var remote = Text(json.RootElement, "client") ?? Text(json.RootElement, "remote");
            var port = remote?.LastIndexOf(':') ?? -1;
            return new LoginAttempt(
                LoginAttempt.Parse(port > 0 ? remote![..port].Trim('[', ']') : remote),
                Text(json.RootElement, "user") ?? Text(json.RootElement, "principalName"));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
