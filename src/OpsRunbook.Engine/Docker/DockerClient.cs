using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Docker;

/// <summary>
/// The Docker Engine API (Podman answers it too) of a host. Connections start on that host, so that
/// the engine of an SSH host is used through its own socket there.
/// </summary>
public sealed partial class DockerClient : IDisposable
{
    private const string DefaultSocket = "/var/run/docker.sock";
    private const int MaximumAnswerBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    // Layers are removed file by file before the answer comes.
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromMinutes(5);

    private readonly IHost _host;
    private readonly DockerEndpoint _endpoint;
    private readonly HttpClient _http;

    /// <summary>Creates a client. Nothing is connected yet.</summary>
    /// <param name="host">Host whose engine is asked. The client does not dispose it.</param>
    /// <param name="endpoint"><c>unix:///path</c> or <c>tcp://host:port</c>; null for <c>DOCKER_HOST</c> (on this machine) or the usual socket.</param>
    /// <exception cref="OpsException"><c>Docker.EndpointInvalid</c>.</exception>
    public DockerClient(IHost host, string? endpoint = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        _endpoint = DockerEndpoint.Parse(endpoint ?? DefaultEndpoint(host));
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                ConnectCallback = (_, token) => new ValueTask<Stream>(_endpoint.ConnectAsync(_host, token)),
                UseProxy = false,
                AllowAutoRedirect = false,
                PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
            })
        {
            BaseAddress = new Uri("http://docker/"),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaximumAnswerBytes,
        };
    }

    /// <summary>Address of the engine, for messages.</summary>
    public string Endpoint => _endpoint.Address;

    /// <summary>The engine of a host, at the address that the stack gives it.</summary>
    /// <param name="host">Host whose engine is asked.</param>
    /// <param name="stack">The stack that describes the host.</param>
    /// <returns>A client that the caller disposes.</returns>
    /// <exception cref="OpsException"><c>Docker.EndpointInvalid</c>.</exception>
    public static DockerClient Of(IHost host, OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(stack);

        // For a host that is a container the address is that of the engine around it, not of one inside.
        return new DockerClient(host, stack.Hosts.GetValueOrDefault(host.Name) is { Container: null, Docker: { Length: > 0 } address } ? address : null);
    }

    /// <summary>Containers.</summary>
    /// <param name="all">Those that do not run, too.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The containers, sorted by name; what only an inspection tells is null.</returns>
    /// <exception cref="OpsException"><c>Docker.SocketMissing</c>, <c>Docker.SocketForbidden</c>, <c>Docker.NotAnswering</c>.</exception>
    public async Task<IReadOnlyList<DockerContainer>> ListContainersAsync(bool all, CancellationToken cancellationToken)
    {
        using var answer = await GetJsonAsync($"containers/json?all={(all ? 1 : 0)}", cancellationToken);
        return answer.RootElement.EnumerateArray()
            .Select(DockerJson.ReadListed)
            .OrderBy(container => container.Name, StringComparer.Ordinal)
            .ToList();
    }

    /// <summary>Everything about one container.</summary>
    /// <param name="container">Name, id, or an unambiguous beginning of the id.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The container.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, or the engine does not answer.</exception>
    public async Task<DockerContainer> InspectContainerAsync(string container, CancellationToken cancellationToken)
    {
        using var answer = await GetJsonAsync($"containers/{Escape(container)}/json", cancellationToken, container);
        return DockerJson.ReadInspected(answer.RootElement);
    }

    /// <summary>Containers of a compose project, one-off ones left out.</summary>
    /// <param name="project">Project; null for any.</param>
    /// <param name="service">Service; null for any.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The containers, stopped ones included.</returns>
    public async Task<IReadOnlyList<DockerContainer>> ListComposeAsync(string? project, string? service, CancellationToken cancellationToken)
    {
        var containers = await ListContainersAsync(all: true, cancellationToken);
        return containers
            .Where(container => container is { ComposeProject: not null, IsComposeOneOff: false }
                && (project is null || container.ComposeProject == project)
                && (service is null || container.ComposeService == service))
            .ToList();
    }

    /// <summary>Any answer of the API as JSON.</summary>
    /// <param name="path">Path and query without a leading slash and without the version: <c>info</c>, <c>images/json</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <param name="container">Container that the path is about, for the message when it does not exist; null for none.</param>
    /// <param name="within">Longest wait for the answer; null for ten seconds.</param>
    /// <returns>The document, which the caller disposes.</returns>
    public async Task<JsonDocument> GetJsonAsync(string path, CancellationToken cancellationToken, string? container = null, TimeSpan? within = null)
    {
        var body = await SendAsync(HttpMethod.Get, path, null, container, MaximumAnswerBytes, cancellationToken, within);
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException error)
        {
            throw DockerErrors.NotAnswering(Endpoint, $"its answer to {path} is not JSON.", error);
        }
    }

    /// <summary>Starts, stops, restarts, updates or signals a container.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="action">Last part of the path: <c>start</c>, <c>stop</c>, <c>kill?signal=HUP</c>, <c>update</c>.</param>
    /// <param name="body">JSON of the request; null for none.</param>
    /// <param name="limit">Longest time to wait; stopping takes as long as the container's own grace time.</param>
    /// <param name="cancellationToken">Ends the wait, not the action.</param>
    /// <returns>A task that ends when the engine has done it.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, <c>Docker.RequestFailed</c>, or the engine does not answer.</exception>
    internal async Task ActAsync(string container, string action, object? body, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var content = body is null ? null : new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body));
        if (content is not null)
        {
            content.Headers.ContentType = new("application/json");
        }

        await SendAsync(HttpMethod.Post, $"containers/{Escape(container)}/{action}", content, container, MaximumAnswerBytes, cancellationToken, limit);
    }

    /// <summary>Removes a container that does not run. Its volumes stay.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="cancellationToken">Ends the wait, not the removal.</param>
    /// <returns>A task that ends when it is gone.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, <c>Docker.RequestFailed</c>, or the engine does not answer.</exception>
    internal Task RemoveContainerAsync(string container, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"containers/{Escape(container)}", null, container, MaximumAnswerBytes, cancellationToken, RemovalLimit);

    /// <summary>Takes a name away from an image, and removes it with its last one. What a container uses is refused.</summary>
    /// <param name="image">Name or id.</param>
    /// <param name="keepParents">Images without a name that it was made of stay.</param>
    /// <param name="cancellationToken">Ends the wait, not the removal.</param>
    /// <returns>A task that ends when it is gone.</returns>
    /// <exception cref="OpsException"><c>Docker.RequestFailed</c>, or the engine does not answer.</exception>
    internal Task RemoveImageAsync(string image, bool keepParents, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"images/{EscapeImage(image)}?noprune={(keepParents ? 1 : 0)}", null, null, MaximumAnswerBytes, cancellationToken, RemovalLimit);

    /// <summary>The id of the image that a name means now.</summary>
    /// <param name="image">Name or id.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The id; null when there is no such image.</returns>
    internal async Task<string?> FindImageAsync(string image, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await GetJsonAsync($"images/{EscapeImage(image)}/json", cancellationToken);
            return DockerJson.Text(answer.RootElement, "Id");
        }
        catch (OpsException error) when (error.Data["status"] is 404)
        {
            return null;
        }
    }

    /// <summary>Empties the build cache of what nothing uses.</summary>
    /// <param name="cancellationToken">Ends the wait, not the removal.</param>
    /// <returns>A task that ends when it is done.</returns>
    /// <exception cref="OpsException"><c>Docker.RequestFailed</c>, or the engine does not answer.</exception>
    internal Task PruneBuildCacheAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "build/prune?all=1", null, null, MaximumAnswerBytes, cancellationToken, RemovalLimit);

    /// <summary>Opens a container's log, with the engine's time before each message.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="query">Further parameters, such as <c>tail=100&amp;follow=1</c>; empty for the whole log.</param>
    /// <param name="cancellationToken">Ends the request and the log.</param>
    /// <returns>The log. Disposing it closes the connection.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, <c>Docker.RequestFailed</c> (a log driver that cannot be read), or the engine does not answer.</exception>
    internal async Task<Stream> OpenLogAsync(string container, string query, CancellationToken cancellationToken)
    {
        var path = $"containers/{Escape(container)}/logs?stdout=1&stderr=1&timestamps=1{(query.Length == 0 ? string.Empty : "&" + query)}";
        HttpResponseMessage? response = null;
        try
        {
            // The headers of a log that is followed come with its first message, so there is no time limit here.
            response = await _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return await response.Content.ReadAsStreamAsync(cancellationToken);
            }

            var body = new BoundedBuffer(64 * 1024);
            await body.FillAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
            throw Refused((int)response.StatusCode, path, body.ToArray(), container);
        }
        catch (HttpRequestException error)
        {
            throw (error.InnerException as OpsException) ?? DockerErrors.NotAnswering(Endpoint, error.Message, error);
        }
        finally
        {
            if (response is { IsSuccessStatusCode: false })
            {
                response.Dispose();
            }
        }
    }

    /// <summary>Runs a command in a container.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="command">What to run. At its time limit it is ended, provided the container has a shell.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>Exit code and output.</returns>
    internal async Task<RawResult> ExecAsync(string container, HostCommand command, CancellationToken cancellationToken)
    {
        // The mark is inherited by everything the command starts, and so finds it again when it must be ended.
        var mark = NewMark();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(command.Timeout);
        var output = new BoundedBuffer(command.MaximumOutputBytes);
        var error = new BoundedBuffer(command.MaximumOutputBytes);
        var id = await CreateExecAsync(container, command, mark, cancellationToken);
        try
        {
            await using var stream = await StartExecAsync(id, limit.Token);
            var writer = WriteInputAsync(stream, command, limit.Token);
            await stream.CopyToAsync(output, error, limit.Token);
            await limit.CancelAsync();
            await writer;
        }
        catch (OperationCanceledException)
        {
            await KillAsync(container, mark, TimeSpan.FromSeconds(cancellationToken.IsCancellationRequested ? 1 : 5));
            cancellationToken.ThrowIfCancellationRequested();
            return new RawResult(137, output.ToArray(), error.ToArray(), output.Truncated || error.Truncated, TimedOut: true);
        }

        return new RawResult(
            await ExitCodeAsync(id, cancellationToken),
            output.ToArray(),
            error.ToArray(),
            output.Truncated || error.Truncated,
            TimedOut: false);
    }

    /// <summary>Starts a command in a container whose output the caller reads.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="host">Name of the host that the container is, for messages.</param>
    /// <param name="command">What to run.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The running command.</returns>
    internal async Task<CommandStream> StartExecAsync(string container, string host, HostCommand command, CancellationToken cancellationToken)
    {
        var mark = NewMark();
        var id = await CreateExecAsync(container, command, mark, cancellationToken);
        var stream = await StartExecAsync(id, cancellationToken);
        var stop = new CancellationTokenSource();
        var writer = WriteInputAsync(stream, command, stop.Token);
        return new CommandStream(stream, EndAsync, DisposeAsync);

        async Task<CommandResult> EndAsync(CancellationToken token) => await ExitCodeAsync(id, token) switch
        {
            // The runtime reports on standard output what it could not start.
            127 => throw ProcessRunner.NotFound(host, command.Name),
            var code => new CommandResult(code, string.Empty, stream.ErrorText),
        };

        async ValueTask DisposeAsync(bool hasEnded)
        {
            if (!hasEnded)
            {
                await KillAsync(container, mark, TimeSpan.FromSeconds(1));
            }

            await stop.CancelAsync();
            await stream.DisposeAsync();
            await writer;
            stop.Dispose();
        }
    }

    /// <summary>Starts a command in a container and leaves its input and output to the caller.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="command">What to run.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The id of the execution and its stream.</returns>
    internal async Task<(string Id, DockerExecStream Stream)> OpenExecAsync(string container, HostCommand command, CancellationToken cancellationToken)
    {
        var id = await CreateExecAsync(container, command, null, cancellationToken);
        return (id, await StartExecAsync(id, cancellationToken));
    }

    /// <summary>A path of a container as a tar archive.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="maximumBytes">A longer archive is cut off there.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The archive; null when there is no such path.</returns>
    internal async Task<byte[]?> GetArchiveAsync(string container, string path, long maximumBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(
                HttpMethod.Get, $"containers/{Escape(container)}/archive?path={Uri.EscapeDataString(path)}", null, null, maximumBytes, cancellationToken);
        }
        catch (OpsException error) when (error.Data["status"] is 404)
        {
            // The engine says 404 for the container as well as for the path.
            await InspectContainerAsync(container, cancellationToken);
            return null;
        }
    }

    /// <summary>Unpacks a tar archive in a folder of a container.</summary>
    /// <param name="container">Name or id.</param>
    /// <param name="folder">Absolute path of an existing folder.</param>
    /// <param name="archive">The archive.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>A task that ends when it is unpacked.</returns>
    internal async Task PutArchiveAsync(string container, string folder, byte[] archive, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(archive);
        content.Headers.ContentType = new("application/x-tar");
        await SendAsync(
            HttpMethod.Put, $"containers/{Escape(container)}/archive?path={Uri.EscapeDataString(folder)}", content, null, MaximumAnswerBytes, cancellationToken);
    }

    /// <summary>Exit code of an execution; waits a little, because the engine closes the stream before it knows.</summary>
    /// <param name="id">Id of the execution.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The exit code; -1 while it still runs.</returns>
    internal async Task<int> ExitCodeAsync(string id, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var answer = await GetJsonAsync($"exec/{id}/json", cancellationToken);
            var running = answer.RootElement.GetProperty("Running").GetBoolean();
            if (!running && answer.RootElement.GetProperty("ExitCode") is { ValueKind: JsonValueKind.Number } code)
            {
                return code.GetInt32();
            }

            if (attempt == 20)
            {
                return -1;
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string DefaultEndpoint(IHost host)
    {
        if (host is LocalHost)
        {
            if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } configured)
            {
                return configured;
            }

            var rootless = Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/nonexistent", "docker.sock");
            foreach (var socket in new[] { DefaultSocket, rootless, "/run/podman/podman.sock" }.Where(File.Exists))
            {
                return "unix://" + socket;
            }
        }

        return "unix://" + DefaultSocket;
    }

    // What cannot be a name does not reach the engine: in a path, two dots would be another request.
    private string Escape(string container) => ContainerName().IsMatch(container) ? container : throw DockerErrors.NoSuchContainer(container, Endpoint);

    // A name may have slashes, but its parts cannot be dots only.
    private string EscapeImage(string image) => ImageName().IsMatch(image) ? image : throw DockerErrors.Refused(Endpoint, "images", 400, $"'{image}' is no name of an image.");

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.-]*\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ContainerName();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.:-]*(?:/[A-Za-z0-9][A-Za-z0-9_.:-]*)*(?:@[a-z0-9]+:[0-9a-f]+)?\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ImageName();

    private static async Task WriteInputAsync(DockerExecStream stream, HostCommand command, CancellationToken cancellationToken)
    {
        try
        {
            await command.WriteInputAsync(stream, cancellationToken);
            await stream.CloseInputAsync();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The command ended without reading all of it.
        }
    }

    private async Task<byte[]> SendAsync(
        HttpMethod method, string path, HttpContent? content, string? container, long maximumBytes, CancellationToken cancellationToken, TimeSpan? within = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(within ?? AnswerLimit);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = new BoundedBuffer((int)Math.Min(maximumBytes, MaximumAnswerBytes));
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            await body.FillAsync(stream, limit.Token);
            return response.IsSuccessStatusCode ? body.ToArray() : throw Refused((int)response.StatusCode, path, body.ToArray(), container);
        }
        catch (HttpRequestException error)
        {
            throw (error.InnerException as OpsException) ?? DockerErrors.NotAnswering(Endpoint, error.Message, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw DockerErrors.NotAnswering(Endpoint, $"nothing came within {Duration.Format(within ?? AnswerLimit)}.", error);
        }
    }

    private OpsException Refused(int status, string path, byte[] body, string? container)
    {
        var message = DockerJson.ReadMessage(body);
        var error = (status, container) switch
        {
            (404, { } name) => DockerErrors.NoSuchContainer(name, Endpoint),
            (409, { } name) => DockerErrors.NotRunning(name, message),
            _ => DockerErrors.Refused(Endpoint, path.Split('?')[0], status, message),
        };
        error.Data["status"] = status;
        return error;
    }

    private async Task<string> CreateExecAsync(string container, HostCommand command, string? mark, CancellationToken cancellationToken)
    {
        var environment = command.Environment.Select(pair => $"{pair.Key}={pair.Value}").Prepend("LC_ALL=C");
        var request = new Dictionary<string, object>
        {
            ["AttachStdin"] = true,
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
            ["Tty"] = false,
            ["Cmd"] = command.Arguments,
            ["Env"] = (mark is null ? environment : environment.Append(mark)).ToArray(),
        };
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request));
        content.Headers.ContentType = new("application/json");
        using var answer = JsonDocument.Parse(await SendAsync(
            HttpMethod.Post, $"containers/{Escape(container)}/exec", content, container, MaximumAnswerBytes, cancellationToken));
        return answer.RootElement.GetProperty("Id").GetString()!;
    }

    // The engine takes the connection over for the command's input and output, and the end of the input is
    // the end of our half of it; HttpClient has no way to close only one half.
    private async Task<DockerExecStream> StartExecAsync(string id, CancellationToken cancellationToken)
    {
        const string body = """{"Detach":false,"Tty":false}""";
        var path = $"exec/{id}/start";
        var connection = await _endpoint.ConnectAsync(_host, cancellationToken);
        try
        {
            var request = string.Create(
                CultureInfo.InvariantCulture,
                $"POST /{path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await connection.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
            var head = await ReadHeadAsync(connection, cancellationToken);
            var status = head.Split(' ', 3) is [_, var code, ..] && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            if (status is 101 or 200)
            {
                return new DockerExecStream(connection);
            }

            var answer = new BoundedBuffer(4096);
            await answer.FillAsync(connection, cancellationToken);
            throw Refused(status, path, answer.ToArray(), null);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await connection.DisposeAsync();
            throw DockerErrors.NotAnswering(Endpoint, error.Message, error);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> ReadHeadAsync(Stream connection, CancellationToken cancellationToken)
    {
        // One byte at a time: what follows the empty line already belongs to the command.
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < 16 * 1024 && !(head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n"))
        {
            if (await connection.ReadAsync(one, cancellationToken) == 0)
            {
                throw new IOException("The connection was closed before an answer came.");
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static string NewMark() => $"OPSRUNBOOK_EXEC={Convert.ToHexString(RandomNumberGenerator.GetBytes(12))}";

    private async Task KillAsync(string container, string mark, TimeSpan grace)
    {
        using var limit = new CancellationTokenSource(grace);
        try
        {
            var id = await CreateExecAsync(container, HostScripts.KillMarked(mark), null, limit.Token);
            await using var stream = await StartExecAsync(id, limit.Token);
            await stream.CopyToAsync(new BoundedBuffer(0), new BoundedBuffer(0), limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // A container without a shell, or one that is gone: there is no other way to end the command.
        }
    }
}
