using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Engine.WebServer;

/// <summary>
/// The configuration by which a site answers 503. All of a site stands in its own file, so that each file is valid by itself whenever it is written.
/// </summary>
internal static class MaintenanceText
{
    private const string Folder = "/.opsrunbook-maintenance/";

    private const string Plain =
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Maintenance</title></head>"
        + "<body><h1>Maintenance</h1><p>This site is being worked on. Please come back later.</p></body></html>";

    /// <summary>Tells a site from all others, the same each time.</summary>
    /// <param name="owner">Whose maintenance it is.</param>
    /// <param name="file">File of the site.</param>
    /// <param name="number">Which site of the file it is.</param>
    /// <returns>Eight hexadecimal digits.</returns>
    public static string IdOf(string owner, string file, int number) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}\0{file}\0{number}")))[..8].ToLowerInvariant();

    /// <summary>Before the site: a variable that is 1 for the requests that it is closed for. It is found once for a request and kept, wherever the site sends the request on to.</summary>
    /// <param name="id">The site.</param>
    /// <param name="request">Who still reaches it.</param>
    /// <returns>Whole lines.</returns>
    public static string Condition(string id, MaintenanceRequest request)
    {
        var text = new StringBuilder();
        text.Append($"geo $opsrunbook_{id}_allowed {{ default 0;");
        foreach (var network in request.Allow.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            text.Append($" {network} 1;");
        }

        text.Append($" }}\nmap $opsrunbook_{id}_allowed:$uri $opsrunbook_{id} {{ default 1; \"~^1:\" 0;");
        foreach (var path in request.OpenPaths.Distinct(StringComparer.Ordinal))
        {
            text.Append($" \"~^0:{Pattern(path)}\" 0;");
        }

        return text.Append(" }\n").ToString();
    }

    /// <summary>In the site, before all else that decides about a request.</summary>
    /// <param name="id">The site.</param>
    /// <param name="request">What visitors get.</param>
    /// <param name="hasAuthRequest">The configuration has requests authorised by another server, which must not happen for the page.</param>
    /// <returns>Whole lines.</returns>
    public static string Answer(string id, MaintenanceRequest request, bool hasAuthRequest)
    {
        var headers = $"add_header Retry-After {request.RetrySeconds} always; add_header Cache-Control no-store always;";
        var closed = $"if ($opsrunbook_{id}) {{ rewrite ^ {Folder} last; }}\n";
        var plain = $"{{ internal; default_type text/html; charset utf-8; {headers} return 503 \"{Plain}\"; }}\n";
        if (request.Page is not { } page)
        {
            return $"{closed}location = {Folder} {plain}";
        }

        // The request for the page passes through the site once more. A page that is gone or may not be read leaves the plain one.
        var open = $"auth_basic off; allow all;{(hasAuthRequest ? " auth_request off;" : string.Empty)}";
        return $"if ($uri ~ \"^{Pattern(Folder + "*")}\") {{ break; }}\n{closed}"
            + $"location = {Folder} {{ internal; recursive_error_pages on; error_page 503 {Folder}page; return 503; }}\n"
            + $"location = {Folder}page {{ internal; {open} recursive_error_pages on; error_page 403 404 405 500 =503 {Folder}plain; types {{ }} default_type text/html; {headers} alias {Quote(page)}; }}\n"
            + $"location = {Folder}plain {plain}";
    }

    // Only characters come here that mean nothing else, the dot and the plus aside.
    private static string Pattern(string path)
    {
        var text = path.TrimEnd('*').Replace(".", "[.]", StringComparison.Ordinal).Replace("+", "[+]", StringComparison.Ordinal);
        return path.EndsWith('*') ? text : text + "$";
    }

    // One character for each byte, as the rest of the file.
    private static string Quote(string path) => "\"" + Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path)).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
