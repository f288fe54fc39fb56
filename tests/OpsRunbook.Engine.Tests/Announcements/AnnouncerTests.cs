using System.Text.Json;
using OpsRunbook.Engine.Announcements;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Announcements;

public sealed class AnnouncerTests : IAsyncDisposable
{
    private const string Secret = "T000-s3cret-part";
    private static readonly Announcement Sample = new("Maintenance & <!channel>", "We begin at 22:00 UTC.\nIt takes \"30 min\" – ünï.");

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly WebhookReceiver _receiver = new();
    private readonly OpsStack _stack = new() { Name = "shop" };

    public async ValueTask DisposeAsync() => await _receiver.DisposeAsync();

    [Theory]
    [InlineData(AnnounceKind.Webhook)]
    [InlineData(AnnounceKind.Slack)]
    [InlineData(AnnounceKind.Teams)]
    [InlineData(AnnounceKind.Telegram)]
    public async Task A_webhook_gets_the_form_that_it_takes(AnnounceKind kind)
    {
        _stack.Announce["chat"] = new StackAnnounceChannel
        {
            Kind = kind,
            Url = SecretReference.Plain(kind == AnnounceKind.Telegram ? _receiver.Url : _receiver.Url + Secret),
            Token = kind is AnnounceKind.Telegram or AnnounceKind.Webhook ? SecretReference.Plain(Secret) : null,
            Channel = "#ops",
        };
        var result = Assert.Single(await SendAsync());
        Assert.Equal((HealthStatus.Healthy, 1), (result.Status, result.Attempts));
        Assert.DoesNotContain(Secret, result.Message, StringComparison.Ordinal);
        var post = Assert.Single(_receiver.Posts);
        Assert.StartsWith("application/json", post.ContentType, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(post.Body);
        var body = json.RootElement;
        switch (kind)
        {
            case AnnounceKind.Slack:
                Assert.StartsWith("*Maintenance &amp; &lt;!channel&gt;*\nWe begin", body.GetProperty("text").GetString(), StringComparison.Ordinal);
                break;
            case AnnounceKind.Teams:
                Assert.Equal("AdaptiveCard", body.GetProperty("attachments")[0].GetProperty("content").GetProperty("type").GetString());
                break;
            case AnnounceKind.Telegram:
                Assert.Equal(($"/bot{Secret}/sendMessage", "#ops"), (post.Path, body.GetProperty("chat_id").GetString()));
                break;
            default:
                Assert.Equal(("Bearer " + Secret, Sample.Subject), (post.Authorization, body.GetProperty("subject").GetString()));
                break;
        }

        Assert.Contains("ünï", JsonSerializer.Serialize(body, Plain), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_pass_is_tried_again_and_what_will_not_is_not()
    {
        _stack.Announce["chat"] = new StackAnnounceChannel { Kind = AnnounceKind.Slack, Url = SecretReference.Plain(_receiver.Url + Secret) };
        _receiver.Statuses.Enqueue(503);
        Assert.Equal((HealthStatus.Healthy, 2), Assert.Single(await SendAsync()) switch { var result => (result.Status, result.Attempts) });
        _receiver.Statuses.Enqueue(404);
        var refused = Assert.Single(await SendAsync());
        Assert.Equal((HealthStatus.Critical, 1), (refused.Status, refused.Attempts));
        Assert.Contains("not valid any more", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channel_that_fails_stops_no_other_one_and_tells_no_secret()
    {
        _stack.Announce["dead"] = new StackAnnounceChannel { Kind = AnnounceKind.Slack, Url = SecretReference.Plain($"http://127.0.0.1:{TestRun.FreePort()}/{Secret}") };
        _stack.Announce["works"] = new StackAnnounceChannel { Kind = AnnounceKind.Slack, Url = SecretReference.Plain(_receiver.Url) };
        _stack.Announce["page"] = new StackAnnounceChannel { Kind = AnnounceKind.Manual, Url = SecretReference.Plain("https://status.example") };
        _stack.Announce["empty"] = new StackAnnounceChannel { Kind = AnnounceKind.Smtp };
        var results = await SendAsync();
        Assert.Equal([HealthStatus.Critical, HealthStatus.Healthy, HealthStatus.Unknown, HealthStatus.Critical], results.Select(result => result.Status));
        Assert.Equal(3, results[0].Attempts);
        Assert.All(results, result => Assert.DoesNotContain(Secret, result.Message, StringComparison.Ordinal));
        Assert.Contains("https://status.example", results[2].Message, StringComparison.Ordinal);
        Assert.Contains("recipients", results[3].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_reaches_its_recipients_and_a_line_feed_begins_no_header()
    {
        await using var sink = new SmtpSink();
        _stack.Announce["mail"] = new StackAnnounceChannel { Kind = AnnounceKind.Smtp, Server = "127.0.0.1", Port = sink.Port, From = "ops@example.com", To = ["a@example.com", "b@example.com"] };
        sink.Refusals.Enqueue("451 try later");
        var result = Assert.Single(await SendAsync(Sample with { Subject = "down\r\nBcc: c@example.com" }));
        Assert.Equal((HealthStatus.Healthy, 2), (result.Status, result.Attempts));
        var mail = Assert.Single(sink.Mails);
        Assert.Contains("To: a@example.com, b@example.com", mail, StringComparison.Ordinal);
        Assert.DoesNotContain("\nBcc:", mail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_takes_the_text_on_standard_input()
    {
        var file = Path.Combine(TestRun.NewFolder("announce"), "out");
        _stack.Announce["wall"] = new StackAnnounceChannel { Kind = AnnounceKind.Command, Command = ["tee", file] };
        _stack.Announce["broken"] = new StackAnnounceChannel { Kind = AnnounceKind.Command, Command = ["sh", "-c", "echo no >&2; exit 3"] };
        var results = await SendAsync();
        Assert.Equal($"{Sample.Subject}\n\n{Sample.Text}\n", await File.ReadAllTextAsync(file));
        Assert.Equal(HealthStatus.Critical, results[1].Status);
        Assert.Contains("ended with 3", results[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channels_are_chosen_by_purpose_and_name()
    {
        _stack.Announce["both"] = new StackAnnounceChannel();
        _stack.Announce["users"] = new StackAnnounceChannel { Use = ["maintenance"] };
        _stack.Announce["team"] = new StackAnnounceChannel { Use = ["incident"] };
        await using var session = new StackSession(_stack);
        var output = new RecordedOutput();
        Assert.Equal(["both", "users"], new Announcer(session).Choose([], "maintenance", output));
        Assert.Equal(["team"], new Announcer(session).Choose(["te*"], "maintenance", output));
        Assert.Empty(new Announcer(session).Choose(["nobody"], null, output));
        Assert.Equal("Announce.ChannelNotFound", Assert.Single(output.Errors).Id);
        _stack.Announce.Clear();
        Assert.Equal("Announce.NotConfigured", Assert.Throws<OpsException>(() => new Announcer(session).Choose([], null, output)).Id);
    }

    private async Task<IReadOnlyList<AnnouncementResult>> SendAsync(Announcement? announcement = null)
    {
        await using var session = new StackSession(_stack);
        return await new Announcer(session).SendAsync([.. _stack.Announce.Keys], announcement ?? Sample, default);
    }
}
