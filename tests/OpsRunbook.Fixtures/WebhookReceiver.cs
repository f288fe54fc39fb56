using System.Net;

namespace OpsRunbook.Fixtures;

/// <summary>Receives what is posted, and answers as told.</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _work;
    private readonly List<(string Path, string? ContentType, string? Authorization, string Body)> _posts = [];

    /// <summary>Starts it on a free port.</summary>
    public WebhookReceiver()
    {
        Url = $"http://127.0.0.1:{TestRun.FreePort()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _work = ServeAsync();
    }

    /// <summary>Its base address.</summary>
    public string Url { get; }

    /// <summary>Statuses of the next answers; 200 when there are none.</summary>
    public Queue<int> Statuses { get; } = [];

    /// <summary>What was posted.</summary>
    public IReadOnlyList<(string Path, string? ContentType, string? Authorization, string Body)> Posts
    {
        get
        {
            lock (_posts)
            {
                return [.. _posts];
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _work;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                var body = await reader.ReadToEndAsync();
                lock (_posts)
                {
                    _posts.Add((context.Request.RawUrl!, context.Request.ContentType, context.Request.Headers["Authorization"], body));
                    context.Response.StatusCode = Statuses.TryDequeue(out var status) ? status : 200;
                }

                context.Response.Close();
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // Told to end.
        }
    }
}
