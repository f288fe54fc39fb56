using OpsRunbook.Engine.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Safety;

public sealed class SecretNamesTests
{
    [Theory]
    [InlineData("DB_PASSWORD")]
    [InlineData("PGPASSWORD")]
    [InlineData("MYSQL_PWD")]
    [InlineData("SMTP_PASS")]
    [InlineData("API_KEY")]
    [InlineData("STRIPE_APIKEY")]
    [InlineData("JWT_SECRET")]
    [InlineData("SESSION_SECRET")]
    [InlineData("GITHUB_TOKEN")]
    [InlineData("AWS_SECRET_ACCESS_KEY")]
    [InlineData("ENCRYPTION_KEY")]
    [InlineData("SIGNING_KEY")]
    [InlineData("KEY")]
    [InlineData("SENTRY_DSN")]
    [InlineData("DATABASE_URL")]
    [InlineData("REDIS_URL")]
    [InlineData("BASIC_AUTH")]
    [InlineData("COOKIE_SECRET")]
    [InlineData("SLACK_WEBHOOK")]
    [InlineData("dbPassword")]
    [InlineData("requirepass")]
    public void A_name_of_a_secret_is_known(string name)
    {
        Assert.True(SecretNames.IsSecretName(name));
        Assert.True(SecretNames.IsSecret(name, "x"));
        Assert.False(SecretNames.IsSecret(name, string.Empty));
    }

    [Theory]
    [InlineData("PWD", "/srv")]
    [InlineData("OLDPWD", "/")]
    [InlineData("SSH_AUTH_SOCK", "/run/x")]
    [InlineData("TOKEN_TTL", "3600")]
    [InlineData("PASSWORD_MIN_LENGTH", "12")]
    [InlineData("JWT_EXPIRES_IN", "1d")]
    [InlineData("DB_PASSWORD_FILE", "/run/secrets/db")]
    [InlineData("SSL_KEY_PATH", "/etc/ssl/key.pem")]
    [InlineData("JWT_PUBLIC_KEY", "abc")]
    [InlineData("AUTHOR", "me")]
    [InlineData("MONKEY", "1")]
    [InlineData("PASSENGERS", "3")]
    [InlineData("LOG_LEVEL", "debug")]
    [InlineData("NODE_ENV", "production")]
    [InlineData("PATH", "/usr/bin:/bin")]
    [InlineData("HOSTNAME", "web-1")]
    [InlineData("DATABASE_URL", "postgres://app@db:5432/shop")]
    [InlineData("REDIS_URL", "redis://cache:6379/0")]
    [InlineData("PUBLIC_URL", "https://example.test/a?b=c")]
    [InlineData("GIT_COMMIT", "9f183c0a1b2c3d4e5f60718293a4b5c6d7e8f901")]
    public void What_is_no_secret_is_shown(string name, string value) => Assert.False(SecretNames.IsSecret(name, value));

    [Theory]
    [InlineData("postgres://app:hunter2@db:5432/shop")]
    [InlineData("redis://:hunter2@cache/0")]
    [InlineData("https://example.test/?access_token=hunter2")]
    [InlineData("Server=db;User=app;Password=hunter2;")]
    [InlineData("Authorization: Bearer hunter2")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("$2b$12$abcdefghijklmnopqrstuv")]
    [InlineData("https://hooks.slack.com/services/T0/B0/x")]
    public void A_secret_is_known_by_its_look(string value) => Assert.True(SecretNames.IsSecret("HARMLESS", value));

    [Fact]
    public void Marks_are_the_same_for_the_same_value_in_one_folder_only()
    {
        var output = new RecordedOutput();
        var (first, second) = (TestRun.NewFolder("state"), TestRun.NewFolder("state"));

        var mark = Fingerprints.Open(output, first).Of("hunter2");

        Assert.Matches("^[0-9a-f]{6}$", mark);
        Assert.Equal(mark, Fingerprints.Open(output, first).Of("hunter2"));
        Assert.NotEqual(mark, Fingerprints.Open(output, first).Of("hunter3"));
        Assert.NotEqual(mark, Fingerprints.Open(output, second).Of("hunter2"));
        Assert.Null(Fingerprints.Open(output, first).Of(string.Empty));
        Assert.Empty(output.Warnings);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(first, "fingerprint.key")));
        Assert.Single(Directory.GetFiles(first));
    }

    [Fact]
    public void Without_a_place_for_the_key_marks_are_still_made_and_it_is_said()
    {
        var output = new RecordedOutput();

        Assert.NotNull(Fingerprints.Open(output, "/proc/nowhere").Of("hunter2"));

        Assert.Contains("cannot be kept", Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_at_once_agree_on_one_key()
    {
        var folder = TestRun.NewFolder("state");
        var marks = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Fingerprints.Open(new RecordedOutput(), folder).Of("x"))));

        Assert.Single(marks.Distinct());
    }
}
