//! A MySQL or MariaDB target: its tools, the server, and the account that is used there.

use super::{Target, not_understood, succeeded};
use crate::config::EngineName;
use crate::engine::Place;
use crate::engine::mysql::{self, Mysql, Server, Tools, tools};
use crate::error::{Result, Stage};
use crate::runtime::Runtime;

impl<R: Runtime> Target<'_, R> {
    /// The server, and the account that is used there.
    pub async fn mysql(&self, engine: EngineName) -> Result<(Mysql, Server)> {
        let tools = Tools::read(&self.answer(&tools::look(engine)).await?).map_err(not_understood)?;
        let env = self.environment(&mysql::VARIABLES).await?;
        let password = self.password().await?;
        let mysql = Mysql::of_container(&env, self.dump.user.as_deref(), password.as_ref(), tools);
        let look = self.look_at_mysql();
        let server = |place: &Place| mysql.clone().in_place(place).server();
        let (place, answer) = self.ask_once_ready(&look, server, mysql::starting).await?;
        let mysql = mysql.in_place(&place);
        succeeded(&mysql.server(), &answer, Stage::Target).map_err(|mut error| {
            let denied = answer.stderr.contains("Access denied") && password.is_none();
            if let Some(why) = mysql::secrecy(&env).filter(|_| denied) {
                error.hint = Some(why.to_owned());
            }
            error
        })?;
        let reads_accounts = self.ask(&mysql.may_read_accounts()).await?.code == 0;
        let mut server = Mysql::read_server(&answer.stdout, reads_accounts).map_err(not_understood)?;
        if let (None, Some(folder)) = (&server.system_identifier, &server.aria_folder) {
            server.system_identifier = self.identity_of_mariadb(&mysql, folder).await?;
        }
        Ok((mysql, server))
    }

    async fn identity_of_mariadb(&self, mysql: &Mysql, folder: &str) -> Result<Option<String>> {
        let answer = self.ask(&Mysql::control_file(folder)).await?;
        if let Some(id) = Mysql::read_control_file(&answer.stdout) {
            return Ok(Some(id));
        }
        let answer = self.ask(&mysql.oldest_table()).await?;
        Ok(Mysql::read_oldest_table(&answer.stdout))
    }
}
