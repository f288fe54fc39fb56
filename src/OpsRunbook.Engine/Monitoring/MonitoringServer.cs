using System.Net;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>A monitoring system with an HTTP API, and how it is reached.</summary>
/// <param name="Product">What it is: <c>Prometheus</c>.</param>
/// <param name="Host">Host from which it is reached.</param>
/// <param name="Address">Its base address.</param>
public sealed record MonitoringServer(string Product, IHost Host, Uri Address)
{
    private const int LargestAnswer = 256 * 1024 * 1024;
    private const int LongestMessage = 500;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Headers of every request; values may be secret.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Its address without a password.</summary>
    public string Shown => HttpProbe.Shown(Address).TrimEnd('/');

    /// <summary>The Prometheus of a stack, or the one at an address.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="address">Base address; null for the one of the stack.</param>
    /// <param name="credential">User and password; null for none.</param>
    /// <returns>The server.</returns>
    /// <exception cref="OpsException"><c>Prometheus.NotConfigured</c>, <c>Endpoint.UrlInvalid</c>.</exception>
    public static MonitoringServer Prometheus(StackSession session, string? address = null, NetworkCredential? credential = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Of("Prometheus", session, address, session.Stack.Monitoring?.Prometheus, "http://localhost:9090", credential);
    }

    /// <summary>The Alertmanager of a stack, or the one at an address.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="address">Base address; null for the one of the stack.</param>
    /// <param name="credential">User and password; null for none.</param>
    /// <returns>The server.</returns>
    /// <exception cref="OpsException"><c>Alertmanager.NotConfigured</c>, <c>Endpoint.UrlInvalid</c>.</exception>
    public static MonitoringServer Alertmanager(StackSession session, string? address = null, NetworkCredential? credential = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Of("Alertmanager", session, address, session.Stack.Monitoring?.Alertmanager, "http://localhost:9093", credential);
    }

    /// <summary>A monitoring system of a stack, or the one at an address.</summary>
    /// <param name="product">What it is.</param>
    /// <param name="session">The stack in use.</param>
    /// <param name="address">Base address; null for the one of the stack.</param>
    /// <param name="configured">The stack's address; null for none.</param>
    /// <param name="example">An address as it may be written.</param>
    /// <param name="credential">User and password; null for none.</param>
    /// <returns>The server.</returns>
    internal static MonitoringServer Of(string product, StackSession session, string? address, string? configured, string example, NetworkCredential? credential)
    {
        var text = address ?? configured ?? throw new OpsException(
            product + ".NotConfigured",
            OpsErrorKind.InvalidArgument,
            $"The stack '{session.Stack.Name}' has no {product}.",
            $"Name it under 'monitoring' in the stack file, such as {product.ToLowerInvariant()}: \"{example}\", or give -Uri.",
            session.Stack.Name);
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new OpsException(
                "Endpoint.UrlInvalid", OpsErrorKind.InvalidArgument, $"The address of {product} is not an absolute http or https address.", $"Write it as {example}.", product);
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Accept"] = "application/json", ["User-Agent"] = "OpsRunbook" };
        if (credential is not null)
        {
            headers["Authorization"] = BasicLogin.Of(credential.UserName, credential.Password);
        }

        return new MonitoringServer(product, session.Host(address is null ? session.Stack.Monitoring?.Host : null), uri) { Headers = headers };
    }

    /// <summary>Asks for a resource.</summary>
    /// <param name="path">Path and query, relative to the base address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The answer; the caller disposes it.</returns>
    /// <exception cref="OpsException"><c>Prometheus.…</c> or <c>Alertmanager.…</c>: <c>NotAnswering</c>, <c>QueryInvalid</c>, <c>AccessDenied</c>, <c>NotFound</c>, <c>Failed</c>, <c>AnswerInvalid</c>.</exception>
    internal Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken) => SendAsync("GET", path, null, null, cancellationToken);

    /// <summary>Sends a form, as Prometheus takes long queries.</summary>
    /// <param name="path">Path, relative to the base address.</param>
    /// <param name="fields">Fields of the form.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The answer; the caller disposes it.</returns>
    internal Task<JsonDocument> PostFormAsync(string path, IReadOnlyDictionary<string, string> fields, CancellationToken cancellationToken) => SendAsync(
        "POST",
        path,
        Encoding.UTF8.GetBytes(string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"))),
        "application/x-www-form-urlencoded",
        cancellationToken);

    /// <summary>Sends an object. Without its content type Alertmanager refuses it with 415.</summary>
    /// <param name="path">Path, relative to the base address.</param>
    /// <param name="body">The object.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The answer; the caller disposes it.</returns>
    internal Task<JsonDocument> PostJsonAsync(string path, object body, CancellationToken cancellationToken) =>
        SendAsync("POST", path, JsonSerializer.SerializeToUtf8Bytes(body), "application/json", cancellationToken);

    /// <summary>Removes a resource.</summary>
    /// <param name="path">Path, relative to the base address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends with the answer.</returns>
    internal async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync("DELETE", path, null, null, cancellationToken);
    }

    /// <summary>The failure of an answer that is none of the product's.</summary>
    /// <param name="cause">What is wrong with it.</param>
    /// <param name="inner">The cause; null for none.</param>
    /// <returns>An exception to throw.</returns>
    internal OpsException NotOurs(string cause, Exception? inner = null) => new(
        Product + ".AnswerInvalid", OpsErrorKind.InvalidData, $"{Shown} does not answer as {Product} does: {cause}", "Check the address; a proxy in between may answer instead.", Shown, inner);

    private async Task<JsonDocument> SendAsync(string method, string path, byte[]? body, string? type, CancellationToken cancellationToken)
    {
        var headers = type is null ? Headers : new Dictionary<string, string>(Headers, StringComparer.OrdinalIgnoreCase) { ["Content-Type"] = type };
        HttpProbeResponse response;
        try
        {
            response = await HttpProbe.SendAsync(
                Host,
                new HttpProbeRequest(new Uri(Address, path)) { Method = method, Body = body, Headers = headers, Timeout = Limit, MaximumBodyBytes = LargestAnswer, MaximumRedirects = 0 },
                cancellationToken);
        }
        catch (OpsException error) when (error.Id.StartsWith("Endpoint.", StringComparison.Ordinal))
        {
            throw new OpsException(
                Product + ".NotAnswering", OpsErrorKind.Connection, $"{Product} at {Shown} cannot be asked: {error.Message}",
                $"Check that {Product} runs, and '{Product.ToLowerInvariant()}' under 'monitoring' in the stack file.", Shown, error);
        }

        if (response.StatusCode is < 200 or > 299)
        {
            throw Refused(response.StatusCode, Message(response.Body));
        }

        if (response.BodyTruncated)
        {
            throw NotOurs($"the answer is larger than {ByteSize.Format(LargestAnswer)}; ask for less.");
        }

        try
        {
            return JsonDocument.Parse(response.Body.Length == 0 ? "null"u8.ToArray() : response.Body);
        }
        catch (JsonException error)
        {
            throw NotOurs(error.Message, error);
        }
    }

    private OpsException Refused(int status, string says) => status switch
    {
        400 or 422 => new OpsException(Product + ".QueryInvalid", OpsErrorKind.InvalidArgument, $"{Product} at {Shown} refuses the request: {says}", "Check the expression, the labels and the times.", Shown),
        401 or 403 => new OpsException(Product + ".AccessDenied", OpsErrorKind.PermissionDenied, $"{Product} at {Shown} answered {status}: {says}", "Give -Credential.", Shown),
        404 => new OpsException(
            Product + ".NotFound", OpsErrorKind.NotFound, $"{Product} at {Shown} answered 404: {says}", $"Give the base address of {Product}, without /api; and look whether the thing is still there.", Shown),
        _ => new OpsException(Product + ".Failed", OpsErrorKind.OperationFailed, $"{Product} at {Shown} answered {status}: {says}", $"Look at the log of {Product}.", Shown),
    };

    // Prometheus answers with an object that has "error", Alertmanager with a JSON text or an object that has "message", a proxy with a page.
    private static string Message(ReadOnlyMemory<byte> body)
    {
        var text = Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, LongestMessage * 8)]).Trim();
        try
        {
            using var json = JsonDocument.Parse(body);
            text = json.RootElement switch
            {
                { ValueKind: JsonValueKind.String } plain => plain.GetString()!,
                { ValueKind: JsonValueKind.Object } some when some.TryGetProperty("error", out var error) => error.ToString(),
                { ValueKind: JsonValueKind.Object } some when some.TryGetProperty("message", out var message) => message.ToString(),
                _ => text,
            };
        }
        catch (JsonException)
        {
            // It is text.
        }

        // What to do next follows it as a sentence.
        return text.Length > LongestMessage ? text[..LongestMessage] + "…" : text.TrimEnd('.') + ".";
    }
}
