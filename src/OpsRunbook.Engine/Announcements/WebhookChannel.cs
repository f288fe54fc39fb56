using System.Text.Json;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Announcements;

/// <summary>An HTTP POST in the form that the receiver takes. Its address is a secret: who knows it may post.</summary>
/// <param name="name">Name of the channel.</param>
/// <param name="kind">Form of the body.</param>
/// <param name="host">Where the connection starts.</param>
/// <param name="address">Address to post to.</param>
/// <param name="token">Bearer token; null for none.</param>
/// <param name="room">Channel or chat; null for the webhook's own.</param>
internal sealed class WebhookChannel(string name, AnnounceKind kind, IHost host, Uri address, string? token, string? room) : IAnnouncementChannel
{
    private const int MaximumAnswer = 4096;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<string> SendAsync(Announcement announcement, CancellationToken cancellationToken)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Content-Type"] = "application/json" };
        if (token is not null)
        {
            headers["Authorization"] = "Bearer " + token;
        }

        var request = new HttpProbeRequest(address)
        {
            Method = "POST",
            Headers = headers,
            Body = JsonSerializer.SerializeToUtf8Bytes(Body(announcement)),
            Timeout = Limit,
            MaximumBodyBytes = MaximumAnswer,
            MaximumRedirects = 0,
        };
        HttpProbeResponse response;
        try
        {
            response = await HttpProbe.SendAsync(host, request, cancellationToken);
        }
        catch (OpsException error) when (error.Id.StartsWith("Endpoint.", StringComparison.Ordinal))
        {
            // Its message names the address.
            throw Failed(error.Kind, $"cannot be reached ({error.Id["Endpoint.".Length..]})");
        }

        return response.StatusCode switch
        {
            >= 200 and < 300 => $"{address.Host} took it ({response.StatusCode}).",
            429 or >= 500 => throw Failed(OpsErrorKind.Connection, $"answered {response.StatusCode}"),
            401 or 403 or 404 or 410 => throw Failed(OpsErrorKind.PermissionDenied, $"answered {response.StatusCode}: the webhook's address or token is not valid any more"),
            var status => throw Failed(OpsErrorKind.OperationFailed, $"answered {status}"),
        };
    }

    private object Body(Announcement announcement) => kind switch
    {
        AnnounceKind.Slack => Without(new() { ["text"] = $"*{Slack(announcement.Subject)}*\n{Slack(announcement.Text)}", ["channel"] = room }),
        AnnounceKind.Telegram => Without(new() { ["chat_id"] = room, ["text"] = $"{announcement.Subject}\n\n{announcement.Text}" }),
        AnnounceKind.Teams => Card(announcement),
        _ => Without(new() { ["subject"] = announcement.Subject, ["text"] = announcement.Text, ["channel"] = room }),
    };

    // https://docs.slack.dev/messaging/formatting-message-text: three characters control the text, such as <!channel>.
    private static string Slack(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static Dictionary<string, object> Card(Announcement announcement) => new()
    {
        ["type"] = "message",
        ["attachments"] = new[]
        {
            new Dictionary<string, object>
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["content"] = new Dictionary<string, object>
                {
                    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                    ["type"] = "AdaptiveCard",
                    ["version"] = "1.4",
                    ["body"] = new[]
                    {
                        new Dictionary<string, object> { ["type"] = "TextBlock", ["text"] = announcement.Subject, ["weight"] = "Bolder", ["wrap"] = true },
                        new Dictionary<string, object> { ["type"] = "TextBlock", ["text"] = announcement.Text.Replace("\n", "\n\n", StringComparison.Ordinal), ["wrap"] = true },
                    },
                },
            },
        },
    };

    private static Dictionary<string, string> Without(Dictionary<string, string?> fields) =>
        fields.Where(field => field.Value is not null).ToDictionary(field => field.Key, field => field.Value!, StringComparer.Ordinal);

    private OpsException Failed(OpsErrorKind what, string says) => new(
        "Announce.Failed", what, $"The channel '{name}' at {address.Host} {says}.", "Check the channel under 'announce' in the stack file, and tell people in another way.", name);
}
