using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Tests.Hosts;

public class CommandRedactorTests
{
    [Theory]
    [InlineData("app --password s3cret --port 80", "app --password *** --port 80")]
    [InlineData("app --db-password=s3cret", "app --db-password=***")]
    [InlineData("app --api-key s3cret", "app --api-key ***")]
    [InlineData("app -Dspring.datasource.password=s3cret -jar x.jar", "app -Dspring.datasource.password=*** -jar x.jar")]
    [InlineData("env PGPASSWORD=s3cret psql", "env PGPASSWORD=*** psql")]
    [InlineData("mysql -uroot -ps3cret shop", "mysql -uroot -p*** shop")]
    [InlineData("mysql --password=s3cret shop", "mysql --password=*** shop")]
    [InlineData("redis-cli -a s3cret ping", "redis-cli -a *** ping")]
    [InlineData("redis-server --requirepass s3cret", "redis-server --requirepass ***")]
    [InlineData("worker postgres://shop:s3cret@db:5432/shop?x=1", "worker postgres://shop:***@db:5432/shop?x=1")]
    [InlineData("worker redis://:s3cret@cache/0", "worker redis://:***@cache/0")]
    [InlineData("curl -H Authorization:Bearers3cret https://x", "curl -H Authorization:*** https://x")]
    [InlineData("curl https://x/?token=s3cret&page=2", "curl https://x/?token=***&page=2")]
    [InlineData("app --no-password --verbose", "app --no-password --verbose")]
    [InlineData("node --inspect server.js", "node --inspect server.js")]
    [InlineData("ssh -p 2222 host", "ssh -p 2222 host")]
    [InlineData("nginx -p /srv -c /etc/nginx.conf", "nginx -p /srv -c /etc/nginx.conf")]
    public void Secrets_are_hidden_and_the_rest_is_not(string command, string expected)
    {
        var shown = CommandRedactor.Redact(command.Split(' '));

        Assert.Equal(expected, shown);
        Assert.DoesNotContain("s3cret", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_in_one_argument_is_hidden_whole() =>
        Assert.DoesNotContain("abc.def", CommandRedactor.Redact(["curl", "-H", "Authorization: Bearer abc.def ghi"]), StringComparison.Ordinal);

    [Theory]
    [InlineData("a")]
    [InlineData("pass")]
    [InlineData("pass_")]
    [InlineData("a://b:")]
    [InlineData("cookie:\n\n\n\n")]
    [InlineData("token==")]
    public void A_megabyte_of_anything_is_read_in_its_stride(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, 1_000_000 / part.Length));

        Assert.DoesNotContain("hunter2", CommandRedactor.RedactText(text + " db_password=hunter2"), StringComparison.Ordinal);
    }
}
