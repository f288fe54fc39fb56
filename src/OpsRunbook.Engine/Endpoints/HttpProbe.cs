using System.Diagnostics;
using System.Net.Http.Headers;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>One bounded HTTP request, made from a host. No proxy, no cookies, no decompression.</summary>
public static class HttpProbe
{
    private const int MaximumHeaderKilobytes = 64;

    /// <summary>Sends the request and reads at most <see cref="HttpProbeRequest.MaximumBodyBytes"/> of the answer.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The answer, whatever its status.</returns>
    /// <exception cref="OpsException">
    /// <c>Endpoint.NameUnknown</c>, <c>Endpoint.PortClosed</c>, <c>Endpoint.Unreachable</c>, <c>Endpoint.Timeout</c>,
    /// <c>Endpoint.TlsFailed</c>, <c>Endpoint.TlsNameMismatch</c>, <c>Endpoint.TlsUntrusted</c>, <c>Endpoint.TlsSelfSigned</c>,
    /// <c>Endpoint.TlsExpired</c>, <c>Endpoint.TlsNotYetValid</c>, <c>Endpoint.TooManyRedirects</c>, <c>Endpoint.ProtocolError</c>,
    /// <c>Endpoint.UrlInvalid</c>, <c>Endpoint.HeaderInvalid</c>, <c>Endpoint.CaFileUnreadable</c>.
    /// </exception>
    public static Task<HttpProbeResponse> SendAsync(IHost host, HttpProbeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(request);
        if (!IsHttp(request.Url))
        {
            throw new OpsException(
                "Endpoint.UrlInvalid",
                OpsErrorKind.InvalidArgument,
                $"'{Shown(request.Url)}' is not an absolute http or https address.",
                "Write it as https://host[:port]/path.",
                Shown(request.Url));
        }

        var phase = "accept a connection";
        var url = request.Url;
        return Deadline.RunAsync(
            request.Timeout,
            token => FollowAsync(
                host,
                request,
                (hop, now) =>
                {
                    url = hop;
                    phase = now;
                },
                token),
            () => EndpointErrors.Timeout(Shown(url), request.Timeout, phase),
            cancellationToken);
    }

    /// <summary>The address as it may be printed: without user and password.</summary>
    internal static string Shown(Uri url) => Bare(url).ToString();

    private static async Task<HttpProbeResponse> FollowAsync(
        IHost host,
        HttpProbeRequest request,
        Action<Uri, string> phase,
        CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        for (var hops = 0; ; hops++)
        {
            var (response, location) = await SendOneAsync(host, request, start, now => phase(request.Url, now), cancellationToken);
            if (location is null || request.MaximumRedirects == 0)
            {
                return response;
            }

            if (hops >= request.MaximumRedirects)
            {
                throw new OpsException(
                    "Endpoint.TooManyRedirects",
                    OpsErrorKind.InvalidData,
                    $"{Shown(request.Url)} redirects for the {hops + 1}th time, now to {Shown(location)}.",
                    "Look for a redirect loop, such as http to https and back behind a proxy.",
                    Shown(request.Url));
            }

            request = Redirected(request, location, response.StatusCode);
        }
    }

    private static HttpProbeRequest Redirected(HttpProbeRequest request, Uri location, int status)
    {
        // Secrets in headers and address are for the server that was named, and not for where it points.
        var sameOrigin = Uri.Compare(request.Url, location, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
        var becomesGet = status is 301 or 302 or 303 && request.Method is not ("GET" or "HEAD");
        return request with
        {
            Url = sameOrigin && location.UserInfo.Length == 0 ? new UriBuilder(location) { UserName = UserName(request.Url), Password = Password(request.Url) }.Uri : location,
            Headers = sameOrigin ? request.Headers : new Dictionary<string, string>(),
            Method = becomesGet ? "GET" : request.Method,
            Body = becomesGet || !sameOrigin ? null : request.Body,
        };
    }

    private static async Task<(HttpProbeResponse Response, Uri? Location)> SendOneAsync(
        IHost host,
        HttpProbeRequest request,
        long start,
        Action<string> phase,
        CancellationToken cancellationToken)
    {
        var url = request.Url;
        var name = url.IdnHost;
        var target = EndpointErrors.HostPort(name, url.Port);
        using var message = Message(request);
        phase("accept a connection");
        await using var connection = await Connection.OpenAsync(host, name, url.Port, cancellationToken);
        var stream = connection.Stream;
        TlsSession? tls = null;
        if (url.Scheme == Uri.UriSchemeHttps)
        {
            phase("complete the TLS handshake");
            var options = new TlsOptions(name) { Insecure = request.Insecure, CaFile = request.CaFile };
            tls = await TlsSession.OpenAsync(stream, target, options, cancellationToken);
            stream = tls.Stream;
        }

        await using var encrypted = stream;
        phase("answer the request");
        var given = false;
        using var handler = new SocketsHttpHandler
        {
            // The handler takes an SslStream as the encrypted connection that it would have made itself. It asks
            // a second time when the server has closed without a word: one request is one connection here.
            ConnectCallback = (_, _) =>
            {
                (var first, given) = (!given, true);
                return first ? ValueTask.FromResult(stream) : throw new HttpIOException(HttpRequestError.ResponseEnded);
            },
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseHeadersLength = MaximumHeaderKilobytes,
            MaxResponseDrainSize = 0,
        };
        using var client = new HttpMessageInvoker(handler);
        try
        {
            var sent = Stopwatch.GetTimestamp();
            using var answer = await client.SendAsync(message, cancellationToken);
            var firstByte = Stopwatch.GetElapsedTime(sent);
            phase("end its answer");
            var (body, truncated) = await ReadBodyAsync(answer.Content, request.MaximumBodyBytes, cancellationToken);
            var response = new HttpProbeResponse(
                (int)answer.StatusCode,
                Headers(answer),
                body,
                truncated,
                connection.Timings(start, tls?.Handshake, firstByte),
                Bare(url),
                tls?.Chain is [var leaf, ..] ? leaf : null)
            {
                RemoteAddress = connection.RemoteAddress,
                TlsProblem = tls?.Problem?.Message,
            };
            return (response, Location(answer, url));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw EndpointErrors.ProtocolError(Shown(url), Cause(error), error);
        }
    }

    private static HttpRequestMessage Message(HttpProbeRequest request)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method), Bare(request.Url))
        {
            Content = request.Body is { } body ? new ReadOnlyMemoryContent(body) : null,
        };
        message.Headers.TryAddWithoutValidation("User-Agent", "OpsRunbook");
        message.Headers.TryAddWithoutValidation("Accept", "*/*");
        if (request.Url.UserInfo.Length > 0)
        {
            message.Headers.Authorization = AuthenticationHeaderValue.Parse(
                BasicLogin.Of(Uri.UnescapeDataString(UserName(request.Url)), Uri.UnescapeDataString(Password(request.Url))));
        }

        foreach (var (name, value) in request.Headers)
        {
            // Removing a name that is not a request header's, such as Content-Type, is refused by throwing.
            if (message.Headers.NonValidated.Contains(name))
            {
                message.Headers.Remove(name);
            }

            if (value.AsSpan().ContainsAny('\r', '\n', '\0')
                || !(message.Headers.TryAddWithoutValidation(name, value) || message.Content?.Headers.TryAddWithoutValidation(name, value) == true))
            {
                message.Dispose();
                throw new OpsException(
                    "Endpoint.HeaderInvalid",
                    OpsErrorKind.InvalidArgument,
                    $"The request header '{name}' cannot be sent: its name or value is not allowed here.",
                    "A value is one line; headers about content need a body.",
                    name);
            }
        }

        return message;
    }

    private static async Task<(ReadOnlyMemory<byte> Body, bool Truncated)> ReadBodyAsync(HttpContent content, int maximum, CancellationToken cancellationToken)
    {
        var length = content.Headers.ContentLength;
        if (maximum <= 0)
        {
            return (default, length is not 0);
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[(int)Math.Min(maximum, length ?? 16 * 1024)];
        var read = 0;
        while (true)
        {
            if (read == buffer.Length)
            {
                if (read == length)
                {
                    return (buffer, false);
                }

                if (read == maximum)
                {
                    var one = new byte[1];
                    return (buffer, length > maximum || await stream.ReadAsync(one, cancellationToken) > 0);
                }

                Array.Resize(ref buffer, (int)Math.Min(maximum, buffer.Length * 2L));
            }

            var count = await stream.ReadAsync(buffer.AsMemory(read), cancellationToken);
            if (count == 0)
            {
                return (buffer.AsMemory(0, read), false);
            }

            read += count;
        }
    }

    private static Dictionary<string, string> Headers(HttpResponseMessage answer)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            headers[name] = string.Join(", ", values);
        }

        return headers;
    }

    private static Uri? Location(HttpResponseMessage answer, Uri url)
    {
        if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308)
            || !answer.Headers.NonValidated.TryGetValues("Location", out var values))
        {
            return null;
        }

        var text = values.ToString();
        return Uri.TryCreate(Bare(url), text, out var location) && IsHttp(location)
            ? location
            : throw EndpointErrors.ProtocolError(Shown(url), $"redirects to '{text}', which is no http or https address");
    }

    private static string Cause(Exception error) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpRequestException { InnerException: HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } } => "closed the connection before its answer was complete",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => $"sent more than {MaximumHeaderKilobytes} KB of response headers",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => $"did not answer with HTTP ({Inner(error)})",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "closed the connection before its answer was complete",
        _ => $"broke off the exchange ({Inner(error)})",
    };

    private static string Inner(Exception error) => error.GetBaseException().Message.TrimEnd('.');

    private static bool IsHttp(Uri url) => url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);

    private static Uri Bare(Uri url) =>
        url.IsAbsoluteUri && url.UserInfo.Length > 0 ? new UriBuilder(url) { UserName = string.Empty, Password = string.Empty }.Uri : url;

    private static string UserName(Uri url) => url.UserInfo.Split(':', 2)[0];

    private static string Password(Uri url) => url.UserInfo.Split(':', 2) is [_, var password] ? password : string.Empty;
}
