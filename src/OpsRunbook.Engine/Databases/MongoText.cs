using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Commands of MongoDB as they may be shown.</summary>
internal static class MongoText
{
    private const string Folded = "?";

    // What drivers add to every command, and what the sharding adds.
    private static readonly HashSet<string> Envelope = new(StringComparer.Ordinal)
    {
        "lsid", "$db", "$clusterTime", "$readPreference", "$client", "$audit", "$configServerState", "$topologyTime", "$configTime", "txnNumber", "startTransaction", "autocommit",
        "clientOperationKey", "apiVersion", "apiStrict", "cursor",
    };

    private static readonly HashSet<string> AboutSecrets = new(StringComparer.OrdinalIgnoreCase) { "saslStart", "saslContinue", "authenticate", "createUser", "updateUser", "copydbSaslStart" };

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The command that an operation runs. Its values are hidden where they may be a password.</summary>
    /// <param name="operation">Entry of <c>currentOp</c> or of the profiler.</param>
    /// <returns>Text to show; null when there is none.</returns>
    public static string? Show(JsonElement operation)
    {
        if (Command(operation) is not { } command || Describe(operation, command) is not { } text)
        {
            return null;
        }

        return AboutSecrets.Contains(Name(command)) || SecretNames.IsSecretValue(text) ? CommandRedactor.RedactText(Fold(text)) : text;
    }

    /// <summary>Name of the command that an operation runs: <c>find</c>; empty for none.</summary>
    /// <param name="operation">Entry of <c>currentOp</c> or of the profiler.</param>
    /// <returns>The name.</returns>
    public static string NameOf(JsonElement operation) => operation.Member("command") is { } command ? Name(command) : string.Empty;

    /// <summary>A shown command with <c>?</c> for every value, lists of values being one.</summary>
    /// <param name="text">What <see cref="Show"/> has made.</param>
    /// <returns>The folded command.</returns>
    public static string Fold(string text)
    {
        var brace = text.IndexOf('{', StringComparison.Ordinal);
        try
        {
            return brace < 0 ? Folded : text[..brace] + Write(FoldCommand(JsonNode.Parse(text[brace..])!.AsObject(), keepsTarget: brace == 0));
        }
        catch (JsonException)
        {
            return Folded;
        }
    }

    private static JsonElement? Command(JsonElement operation) => operation.Member("originatingCommand") ?? operation.Member("command");

    private static string Name(JsonElement command) => command.ValueKind == JsonValueKind.Object ? command.EnumerateObject().Select(member => member.Name).FirstOrDefault() ?? string.Empty : string.Empty;

    private static string? Describe(JsonElement operation, JsonElement command)
    {
        if (command.ValueKind != JsonValueKind.Object || JsonNode.Parse(command.GetRawText()) is not JsonObject shown || shown.Count == 0)
        {
            return null;
        }

        // A write that a server lists by itself has no name and no collection of its own.
        var named = command.EnumerateObject().First().Value.ValueKind is JsonValueKind.String or JsonValueKind.Number;
        foreach (var key in shown.Select(pair => pair.Key).Where(Envelope.Contains).ToList())
        {
            shown.Remove(key);
        }

        return (named ? string.Empty : $"{operation.Text("op")} {operation.Text("ns")} ".TrimStart()) + Write(shown);
    }

    private static JsonObject FoldCommand(JsonObject command, bool keepsTarget)
    {
        var folded = new JsonObject();
        foreach (var (key, value) in command)
        {
            // The first value names the collection, and that of a cursor stands elsewhere.
            var isTarget = keepsTarget && (folded.Count == 0 || key == "collection") && value is JsonValue;
            folded[key] = isTarget ? value!.DeepClone() : FoldValue(value);
        }

        return folded;
    }

    private static JsonNode FoldValue(JsonNode? value) => value switch
    {
        JsonArray list => FoldList(list),

        // One value in Extended JSON: {"$oid": "…"}.
        JsonObject { Count: > 0 } typed when typed.First().Key is "$oid" or "$date" or "$numberLong" or "$numberDouble" or "$numberDecimal" or "$numberInt" or "$binary" or "$uuid" or "$timestamp" or "$regularExpression"
            or "$minKey" or "$maxKey" => Folded,
        JsonObject document => new JsonObject(document.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)FoldValue(pair.Value)))),
        _ => Folded,
    };

    private static JsonArray FoldList(JsonArray list) => new([.. list.Select(FoldValue).DistinctBy(Write)]);

    private static string Write(JsonNode node) => node.ToJsonString(Plain);
}
