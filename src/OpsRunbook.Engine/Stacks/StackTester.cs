using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Tries what a stack names: its secrets, its hosts, and the servers behind its members.</summary>
public sealed class StackTester
{
    private const int Concurrency = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly StackSession _session;
    private readonly StackDocument? _document;
    private readonly IOperationOutput _output;

    /// <summary>Creates a tester.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="document">Its file, for line numbers; null when it has none.</param>
    /// <param name="output">Takes one <see cref="StackFinding"/> for each thing that was tried.</param>
    public StackTester(StackSession session, StackDocument? document, IOperationOutput output) => (_session, _document, _output) = (session, document, output);

    /// <summary>The findings about a file that is not valid.</summary>
    /// <param name="document">The file.</param>
    /// <returns>One critical finding for each problem, one warning for each thing that is unwise.</returns>
    public static IEnumerable<StackFinding> ProblemsOf(StackDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        foreach (var (line, key, error) in document.Problems)
        {
            yield return new StackFinding { Status = HealthStatus.Critical, Stack = document.Stack.Name, Member = MemberOf(key), Key = key, Line = line == 0 ? null : line, Message = WithoutPlace(error.FullMessage, document.Path), Reason = error.Id };
        }

        foreach (var (line, key, message) in document.Warnings)
        {
            yield return new StackFinding { Status = HealthStatus.Warning, Stack = document.Stack.Name, Member = MemberOf(key), Key = key, Line = line, Message = message, Reason = "Stack.PlainSecret" };
        }
    }

    /// <summary>Resolves every secret. Values are never shown, only that they are set and a fingerprint.</summary>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends with the last finding.</returns>
    public async Task TestSecretsAsync(CancellationToken cancellationToken)
    {
        foreach (var (key, secret) in Secrets(_session.Stack, string.Empty))
        {
            try
            {
                var value = await _session.SecretAsync(secret, cancellationToken);
                await EmitAsync(
                    string.IsNullOrEmpty(value) ? HealthStatus.Warning : HealthStatus.Healthy,
                    key,
                    string.IsNullOrEmpty(value) ? $"{secret} is empty" : $"{secret} is set, fingerprint {Fingerprint(value)}",
                    string.IsNullOrEmpty(value) ? "Secret.Empty" : null,
                    cancellationToken);
            }
            catch (OpsException error)
            {
                await EmitAsync(HealthStatus.Critical, key, error.FullMessage, error.Id, cancellationToken);
            }
        }
    }

    /// <summary>Reaches every host and connects to every server, all at once, each for five seconds at the most.</summary>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends with the last finding.</returns>
    public async Task TestTargetsAsync(CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(Concurrency);
        await Task.WhenAll(Targets(_session.Stack).Select(async target =>
        {
            await slots.WaitAsync(cancellationToken);
            try
            {
                await TestAsync(target, cancellationToken);
            }
            finally
            {
                slots.Release();
            }
        }));
    }

    private async Task TestAsync(Target target, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await target.Try(_session.Host(target.Host), limit.Token);
            await EmitAsync(HealthStatus.Healthy, target.Key, $"{target.What} answers", null, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await EmitAsync(HealthStatus.Critical, target.Key, $"{target.What} did not answer within {Duration.Format(Patience)}", "Endpoint.Timeout", cancellationToken);
        }
        catch (OpsException error)
        {
            // A member behind a host that cannot be reached may be well: nobody could look.
            var seen = target.IsHost || error.Kind == OpsErrorKind.NotFound || error.Id.StartsWith("Endpoint.", StringComparison.Ordinal);
            await EmitAsync(!seen ? HealthStatus.Unknown : HealthStatus.Critical, target.Key, error.FullMessage, error.Id, cancellationToken);
        }
    }

    private static IEnumerable<Target> Targets(OpsStack stack)
    {
        foreach (var name in stack.Hosts.Where(host => host.Value.Ssh is not null || host.Value.Container is not null).Select(host => host.Key))
        {
            yield return new Target($"hosts.{name}", name, $"host '{name}'", async (host, token) => await host.RunAsync(new HostCommand("true") { Timeout = Patience }, token), IsHost: true);
        }

        foreach (var (name, service) in stack.Services)
        {
            foreach (var target in Endpoints($"services.{name}", service.Host, service.Ports, service.Health))
            {
                yield return target;
            }
        }

        foreach (var (name, database) in stack.Databases)
        {
            var key = $"databases.{name}";
            yield return database.Socket is { } socket
                ? new Target(key, database.Host, socket, async (host, token) => await (await host.ConnectUnixAsync(SocketFile(database, socket), token)).DisposeAsync())
                : Tcp(key, database.Host, database.Server ?? "localhost", database.Port ?? ImageKind.DefaultPort(database.Engine));
        }

        foreach (var (name, cache) in stack.Caches)
        {
            yield return Tcp($"caches.{name}", cache.Host, cache.Server ?? "localhost", cache.Port ?? 6379);
        }

        foreach (var (name, server) in stack.WebServers)
        {
            foreach (var target in Endpoints($"webServers.{name}", server.Host, server.Ports, server.Health))
            {
                yield return target;
            }
        }

        foreach (var (name, certificate) in stack.Certificates)
        {
            if (certificate.Endpoint is not null && StackForms.TryReadEndpoint(certificate.Endpoint, out var server, out var port))
            {
                yield return Tcp($"certificates.{name}.endpoint", certificate.Host, server, port);
            }

            if (certificate.File is { } file)
            {
                yield return new Target($"certificates.{name}.file", certificate.Host, file, async (host, token) => _ = await host.ReadFileAsync(file, ConfigReader.MaximumBytes, token)
                    ?? throw new OpsException("Certificate.FileNotFound", OpsErrorKind.NotFound, $"There is no file {file}.", target: file));
            }
        }

        if (stack.Monitoring is { } monitoring)
        {
            foreach (var (key, url) in new[] { ("prometheus", monitoring.Prometheus), ("alertmanager", monitoring.Alertmanager), ("loki", monitoring.Loki), ("grafana", monitoring.Grafana) })
            {
                if (url is not null)
                {
                    var uri = new Uri(url);
                    yield return Tcp($"monitoring.{key}", monitoring.Host, uri.IdnHost, uri.Port);
                }
            }
        }
    }

    private static IEnumerable<Target> Endpoints(string key, string? host, List<int> ports, List<StackHealthCheck> checks)
    {
        foreach (var port in ports)
        {
            yield return Tcp($"{key}.ports", host, "localhost", port);
        }

        for (var i = 0; i < checks.Count; i++)
        {
            var path = checks.Count == 1 ? $"{key}.health" : $"{key}.health[{i}]";
            if (checks[i].Url is { } url)
            {
                var uri = new Uri(url);
                yield return Tcp(path, host, uri.IdnHost, uri.Port);
            }

            if (checks[i].Tcp is { } address)
            {
                yield return StackForms.TryReadEndpoint(address, out var server, out var port)
                    ? Tcp(path, host, server, port)
                    : Tcp(path, host, "localhost", int.Parse(address, CultureInfo.InvariantCulture));
            }
        }
    }

    private static Target Tcp(string key, string? host, string server, int port) => new(
        key,
        host,
        string.Create(CultureInfo.InvariantCulture, $"{server}:{port}"),
        async (from, token) => await (await from.ConnectAsync(server, port, token)).DisposeAsync());

    // PostgreSQL names the folder of its socket, MySQL the socket itself.
    private static string SocketFile(StackDatabase database, string socket) => database.Engine == DatabaseEngine.Postgres
        ? string.Create(CultureInfo.InvariantCulture, $"{socket.TrimEnd('/')}/.s.PGSQL.{database.Port ?? 5432}")
        : socket;

    private static IEnumerable<(string Key, SecretReference Secret)> Secrets(object? value, string path)
    {
        switch (value)
        {
            case SecretReference secret:
                return [(path, secret)];
            case System.Collections.IDictionary dictionary:
                return dictionary.Keys.Cast<string>().SelectMany(key => Secrets(dictionary[key], Join(path, key)));
            case System.Collections.IList list:
                return list.Cast<object?>().SelectMany((item, index) => Secrets(item, list.Count == 1 ? path : $"{path}[{index}]"));
            case not null when StackProperty.IsModel(value.GetType()):
                return StackProperty.Of(value.GetType()).SelectMany(property => Secrets(property.Property.GetValue(value), Join(path, property.Key)));
            default:
                return [];
        }
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Fingerprint(string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret)))[..6].ToLowerInvariant();

    // File and line have their own places in a finding; what is left is what is wrong.
    private static string WithoutPlace(string message, string path) =>
        message.StartsWith(path + " line ", StringComparison.Ordinal) && message.IndexOf(": ", path.Length, StringComparison.Ordinal) is var at and > 0 ? message[(at + 2)..] : message;

    private static string MemberOf(string key) =>
        key.Split('.') is ["hosts" or "services" or "databases" or "caches" or "webServers" or "certificates" or "backups", var member, ..] ? member : string.Empty;

    private ValueTask EmitAsync(HealthStatus status, string key, string message, string? reason, CancellationToken cancellationToken) => _output.WriteAsync(
        new StackFinding { Status = status, Stack = _session.Stack.Name, Member = MemberOf(key), Key = key, Line = _document?.LineOf(key), Message = message, Reason = reason },
        cancellationToken);

    private sealed record Target(string Key, string? Host, string What, Func<IHost, CancellationToken, Task> Try, bool IsHost = false);
}
