using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>The servers that the windows of these tests are about: an nginx, an Alertmanager, and a receiver of announcements.</summary>
public sealed class WindowServers : IAsyncLifetime
{
    private NginxServer? _nginx;
    private AlertmanagerServer? _alertmanager;

    public NginxServer Nginx => _nginx ?? throw new SkipException("nginx or Alertmanager is missing.");

    public AlertmanagerServer Alertmanager => _alertmanager ?? throw new SkipException("nginx or Alertmanager is missing.");

    public WebhookReceiver Receiver { get; } = new();

    public async Task InitializeAsync()
    {
        try
        {
            _nginx = await Servers.NewNginxAsync(nginx => $$"""
                server { listen 127.0.0.1:{{nginx.Port}}; server_name shop.test; location / { return 200 shop; } location = /health { return 200 ok; } }
                """);
            _alertmanager = await Servers.NewAlertmanagerAsync();
        }
        catch (SkipException)
        {
            // Each test says that it is left out.
        }
    }

    public async Task DisposeAsync()
    {
        if (_nginx is not null)
        {
            await _nginx.DisposeAsync();
        }

        if (_alertmanager is not null)
        {
            await _alertmanager.DisposeAsync();
        }

        await Receiver.DisposeAsync();
    }
}
