namespace OpsRunbook.EndToEnd.Tests;

internal static class Eventually
{
    /// <summary>Waits until an address answers with success, at most 30 seconds.</summary>
    public static async Task AnswersAsync(string url)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                _ = await client.GetStringAsync(new Uri(url));
                return;
            }
            catch (Exception exception) when (attempt < 300 && exception is HttpRequestException or TaskCanceledException)
            {
                await Task.Delay(100);
            }
        }
    }
}
